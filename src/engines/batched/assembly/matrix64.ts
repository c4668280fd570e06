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
  const none = f64x2.splat(0);
  let c00 = v128.load(out);
  let c01 = v128.load(out, 16);
  let c10 = rows > 1 ? v128.load(out + outStride) : none;
  let c11 = rows > 1 ? v128.load(out + outStride, 16) : none;
  let c20 = rows > 2 ? v128.load(out + 2 * outStride) : none;
  let c21 = rows > 2 ? v128.load(out + 2 * outStride, 16) : none;
  let c30 = rows > 3 ? v128.load(out + 3 * outStride) : none;
  let c31 = rows > 3 ? v128.load(out + 3 * outStride, 16) : none;
  let c40 = rows > 4 ? v128.load(out + 4 * outStride) : none;
  let c41 = rows > 4 ? v128.load(out + 4 * outStride, 16) : none;
  let x1 = x + stride;
  let x2 = x + 2 * stride;
  let x3 = x + 3 * stride;
  let x4 = x + 4 * stride;
  for (const end = w + D * 32; w < end; w += 32) {
    const w0 = v128.load(w);
    const w1 = v128.load(w, 16);
    const v0 = v128.load64_splat(x);
    c00 = f64x2.add(c00, f64x2.mul(v0, w0));
    c01 = f64x2.add(c01, f64x2.mul(v0, w1));
    x += 8;
    if (rows > 1) {
      const v1 = v128.load64_splat(x1);
      c10 = f64x2.add(c10, f64x2.mul(v1, w0));
      c11 = f64x2.add(c11, f64x2.mul(v1, w1));
      x1 += 8;
    }
    if (rows > 2) {
      const v2 = v128.load64_splat(x2);
      c20 = f64x2.add(c20, f64x2.mul(v2, w0));
      c21 = f64x2.add(c21, f64x2.mul(v2, w1));
      x2 += 8;
    }
    if (rows > 3) {
      const v3 = v128.load64_splat(x3);
      c30 = f64x2.add(c30, f64x2.mul(v3, w0));
      c31 = f64x2.add(c31, f64x2.mul(v3, w1));
      x3 += 8;
    }
    if (rows > 4) {
      const v4 = v128.load64_splat(x4);
      c40 = f64x2.add(c40, f64x2.mul(v4, w0));
      c41 = f64x2.add(c41, f64x2.mul(v4, w1));
      x4 += 8;
    }
  }
  store2(out, c00, c01);
  if (rows > 1) store2(out + outStride, c10, c11);
  if (rows > 2) store2(out + 2 * outStride, c20, c21);
  if (rows > 3) store2(out + 3 * outStride, c30, c31);
  if (rows > 4) store2(out + 4 * outStride, c40, c41);
}

@inline
function store2(at: usize, a: v128, b: v128): void {
  v128.store(at, a);
  v128.store(at, b, 16);
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
  let c0 = v128.load(out);
  let c1 = v128.load(out, 16);
  let c2 = v128.load(out, 32);
  let c3 = v128.load(out, 48);
  let c4 = v128.load(out, 64);
  let c5 = v128.load(out, 80);
  let c6 = v128.load(out, 96);
  let c7 = v128.load(out, 112);
  let wb = w + panel;
  let wc = wb + panel;
  let wd = wc + panel;
  for (const end = x + D * 8; x < end; x += 8) {
    const v = v128.load64_splat(x);
    c0 = f64x2.add(c0, f64x2.mul(v, v128.load(w)));
    c1 = f64x2.add(c1, f64x2.mul(v, v128.load(w, 16)));
    c2 = f64x2.add(c2, f64x2.mul(v, v128.load(wb)));
    c3 = f64x2.add(c3, f64x2.mul(v, v128.load(wb, 16)));
    c4 = f64x2.add(c4, f64x2.mul(v, v128.load(wc)));
    c5 = f64x2.add(c5, f64x2.mul(v, v128.load(wc, 16)));
    c6 = f64x2.add(c6, f64x2.mul(v, v128.load(wd)));
    c7 = f64x2.add(c7, f64x2.mul(v, v128.load(wd, 16)));
    w += 32;
    wb += 32;
    wc += 32;
    wd += 32;
  }
  store2(out, c0, c1);
  store2(out + 32, c2, c3);
  store2(out + 64, c4, c5);
  store2(out + 96, c6, c7);
}
