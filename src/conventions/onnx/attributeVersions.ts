/**
 * Attributes that ONNX's own operators do not have in every operator set, with the sets that have them (onnx.defs of onnx 1.23): `num_outputs 18-`
 * from set 18 on, `split -12` up to set 12. In other sets the attribute has no meaning, and the sizes or axes may stand in an input instead.
 */
const TABLE = `
  ArgMax ArgMin: select_last_index 12-
  Attention: left_window_size 25- right_window_size 25-
  AveragePool: ceil_mode 10- count_include_pad 7- dilations 19-
  BatchNormalization: training_mode 14- spatial -8
  Cast CastLike: saturate 19- round_mode 24-
  Clip: min -10 max -10
  Constant: value_float 12- value_floats 12- value_int 12- value_ints 12-
  DFT: axis 17-19
  DepthToSpace: mode 11-
  DequantizeLinear: axis 13- block_size 21- output_dtype 23-
  Dropout: ratio -11 seed 12-
  GRU: layout 14- linear_before_reset 3-
  GatherND: batch_dims 12-
  LSTM RNN: layout 14-
  LpPool: ceil_mode 18- dilations 18-
  MaxPool: ceil_mode 10- dilations 10- storage_order 8-
  Pad: pads -10 value -10
  QuantizeLinear: axis 13- saturate 19- block_size 21- output_dtype 21- precision 23-
  ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSumSquare: axes -17 noop_with_empty_axes 18-
  ReduceSum: axes -12 noop_with_empty_axes 13-
  Reshape: allowzero 14- shape -4
  Resize: antialias 18- axes 18- keep_aspect_ratio_policy 18- coordinate_transformation_mode 11- cubic_coeff_a 11- exclude_outside 11-
    extrapolation_value 11- nearest_mode 11-
  RoiAlign: coordinate_transformation_mode 16-
  ScatterElements ScatterND: reduction 16-
  Shape: start 15- end 15-
  Slice: axes -9 starts -9 ends -9
  SpaceToDepth: mode 28-
  Split: num_outputs 18- split -12
  Squeeze Unsqueeze: axes -12
  TopK: k -9 largest 11- sorted 11-
`;

let table: ReadonlyMap<string, readonly string[]> | undefined;

/** The sets that have an attribute, as `18-`, if they are not all that have the operator. */
export function versionsOf(opType: string, attribute: string): string | undefined {
  table ??= new Map(
    TABLE.trim()
      .split(/\n {2}(?! )/)
      .flatMap(line => {
        const [operators, attributes] = line.trim().split(': ');
        return operators.split(' ').map(name => [name, attributes.split(/\s+/)] as const);
      }),
  );
  const words = table.get(opType) ?? [];
  const at = words.indexOf(attribute);
  return at < 0 ? undefined : words[at + 1];
}
