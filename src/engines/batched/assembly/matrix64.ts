/**
 * The float64 product: out [rows, K] += x [rows, D] · w [D, K]. Every element is summed over d in order, as in matmul.ts, with the same bits.
 * w is packed in panels of four columns, the last one padded with zeros; the columns of out are padded likewise. Strides are in bytes.
 */
export function addProduct64(x: usize, stride: usize, rows: usize, D: usize, w: usize, K: usize, out: usize, outStride: usize): void {
  const panel = D * 32;
  let k: usize = 0;
  for (; k < K; k += 4) {
    // a single row takes four panels at a time: the sums of one panel would wait for each other
    if (rows == 1 && k + 12 < K) {
      rowOfFour(x, D, w, panel, out + 8 * k);
      w += 4 * panel;
      k += 12;
      continue;
    }
    let xr = x;
    let to = out + 8 * k;
    for (let left = rows; left > 0; ) {
      const count = rowsAtOnce(left);
      if (count == 5) tile5(xr, stride, D, w, to, outStride);
      else if (count == 3) tile3(xr, stride, D, w, to, outStride);
      else if (count == 2) tile2(xr, stride, D, w, to, outStride);
      else tile1(xr, stride, D, w, to, outStride);
      xr += count * stride;
      to += count * outStride;
      left -= count;
    }
    w += panel;
  }
}

/** How many rows to take next: five or three, as long as the rest can be divided into fives and threes. */
function rowsAtOnce(left: usize): usize {
  const rest = left % 5;
  if (left >= 5 && (rest == 0 || rest == 2 || left > 12 || left == 8)) return 5;
  return left >= 3 && left != 4 ? 3 : min<usize>(left, 2);
}

/** A tile of `rows` rows, which is a constant after inlining. 5 rows of two vectors are what V8 keeps in registers (tiles.ts). */
@inline
function tile(rows: i32, x: usize, stride: usize, D: usize, w: usize, out: usize, outStride: usize): void {
  // a statement with a $ is repeated for $ = 0…4 (scripts/assembly.mjs)
  const none = f64x2.splat(0);
  let c$0 = rows > $ ? v128.load(out + $ * outStride) : none;
  let c$1 = rows > $ ? v128.load(out + $ * outStride, 16) : none;
  let x$ = x + $ * stride;
  for (const end = w + D * 32; w < end; w += 32) {
    const w0 = v128.load(w);
    const w1 = v128.load(w, 16);
    if (rows > $) {
      const v = v128.load64_splat(x$);
      c$0 = f64x2.add(c$0, f64x2.mul(v, w0));
      c$1 = f64x2.add(c$1, f64x2.mul(v, w1));
      x$ += 8;
    }
  }
  if (rows > $) {
    v128.store(out + $ * outStride, c$0);
    v128.store(out + $ * outStride, c$1, 16);
  }
}

function tile5(x: usize, stride: usize, D: usize, w: usize, out: usize, outStride: usize): void {
  tile(5, x, stride, D, w, out, outStride);
}

function tile3(x: usize, stride: usize, D: usize, w: usize, out: usize, outStride: usize): void {
  tile(3, x, stride, D, w, out, outStride);
}

function tile2(x: usize, stride: usize, D: usize, w: usize, out: usize, outStride: usize): void {
  tile(2, x, stride, D, w, out, outStride);
}

function tile1(x: usize, stride: usize, D: usize, w: usize, out: usize, outStride: usize): void {
  tile(1, x, stride, D, w, out, outStride);
}

/** A tile of one row and 16 columns, from four panels. */
function rowOfFour(x: usize, D: usize, w: usize, panel: usize, out: usize): void {
  // a statement with a $ is repeated for $ = 0…3 (scripts/assembly.mjs)
  let c$0 = v128.load(out, 32 * $);
  let c$1 = v128.load(out, 32 * $ + 16);
  let w$ = w + $ * panel;
  for (const end = x + D * 8; x < end; x += 8) {
    const v = v128.load64_splat(x);
    c$0 = f64x2.add(c$0, f64x2.mul(v, v128.load(w$)));
    c$1 = f64x2.add(c$1, f64x2.mul(v, v128.load(w$, 16)));
    w$ += 32;
  }
  v128.store(out, c$0, 32 * $);
  v128.store(out, c$1, 32 * $ + 16);
}
