import { exp } from '../../numerics/exp.js';
import { halfToEven } from '../../numerics/halfToEven.js';
import { sineCosine } from '../../numerics/trig.js';

/**
 * Resampling an axis from m to n elements: the input elements of each output element, and their weights. Computed as in TensorFlow's kernels
 * (resize_bilinear, resize_bicubic, resize_area and scale_and_translate), including their single precision: the cubic is read from a table with
 * steps of 1/1024, and the last bit of the position can decide which step.
 */

export const INTERPOLATIONS = ['nearest', 'bilinear', 'bicubic', 'area', 'lanczos3', 'lanczos5', 'gaussian', 'mitchellcubic'] as const;
/** The last two are Keras 2's. */
export type Interpolation = (typeof INTERPOLATIONS)[number];

/** The input positions that one output position is computed from, with weights that sum to 1. */
export type Weighed = readonly (readonly [at: number, weight: number])[];

/** A resampling kernel: its radius, and the weight of an element at a distance. */
interface Kernel {
  readonly radius: number;
  weight(distance: number): number;
}

const f = Math.fround;

/** Steps per element in TensorFlow's table of the cubic. */
const CUBIC_STEPS = 1024;

const KERNELS: Readonly<Partial<Record<Interpolation, Kernel>>> = {
  bilinear: { radius: 1, weight: d => 1 - d },
  bicubic: { radius: 2, weight: d => (d < 1 ? (1.5 * d - 2.5) * d * d + 1 : ((2.5 - 0.5 * d) * d - 4) * d + 2) },
  lanczos3: lanczos(3),
  lanczos5: lanczos(5),
  gaussian: { radius: 1.5, weight: d => (d < 1.5 ? exp(-2 * d * d) : 0) },
  mitchellcubic: { radius: 2, weight: d => (d > 1 ? ((-7 * d + 36) * d - 60) * d + 32 : (21 * d - 36) * d * d + 16) },
};

function lanczos(radius: number): Kernel {
  const pi = f(Math.PI);
  const sine = (x: number) => f(sineCosine(f(x)).sin);
  return { radius, weight: d => (d <= 1e-3 ? 1 : (radius * sine(pi * d) * sine(f(pi * d) / radius)) / (pi * pi * d * d)) };
}

/**
 * @param antialias whether the kernel is widened when the axis gets shorter
 * @returns n rows
 */
export function sampled(m: number, n: number, how: Interpolation, antialias: boolean): Weighed[] {
  const isPlain = !antialias && (how === 'bilinear' || how === 'bicubic');
  const scale = isPlain || how === 'nearest' || how === 'area' ? f(m / n) : f(1 / f(n / m));
  const rows = Array.from({ length: n }, (_, i) => i);
  if (how === 'nearest') return rows.map(i => [[Math.min(Math.floor(f((i + 0.5) * scale)), m - 1), 1]]);
  if (how === 'area') return rows.map(i => overlaps(f(i * scale), f((i + 1) * scale), m));
  const kernel = KERNELS[how]!;
  const wide = antialias ? Math.max(scale, 1) : 1;
  return rows.map(i => {
    const at = f(f((i + 0.5) * scale) - 0.5);
    const place = isPlain && how === 'bicubic' ? Math.floor(at) + halfToEven(f((at - Math.floor(at)) * CUBIC_STEPS)) / CUBIC_STEPS : at;
    return around(place, m, kernel, wide);
  });
}

/** The elements within the kernel's reach of a position; the weights of those beyond the ends are dropped. */
function around(at: number, m: number, { radius, weight }: Kernel, wide: number): Weighed {
  const first = Math.max(0, Math.ceil(at - radius * wide));
  const last = Math.min(m - 1, Math.floor(at + radius * wide));
  const weightOf = (k: number) => f(weight(f(Math.abs(f(k - at)) * f(1 / wide))));
  const all = Array.from({ length: last - first + 1 }, (_, i): [number, number] => [first + i, weightOf(first + i)]);
  const share = f(1 / all.reduce((sum, [, w]) => f(sum + w), 0));
  return all.filter(([, w]) => w !== 0).map(([k, w]) => [k, f(w * share)]);
}

/** The share of the interval [from, to) that each element covers. */
function overlaps(from: number, to: number, m: number): Weighed {
  const first = Math.floor(from);
  const share = (k: number) => (Math.min(k + 1, to) - Math.max(k, from)) / (to - from);
  return Array.from({ length: Math.ceil(to) - first }, (_, k) => [Math.min(first + k, m - 1), share(first + k)] as const);
}

/** `sampled` in Python. @param single the library's expression that rounds v to float32 */
export function sampledPython(single: string): string {
  return `
def sampled(m, n, how, antialias=False):
    from math import ceil, exp, floor, pi, sin
    f = lambda v: float(${single})
    plain = how in ("nearest", "area") or how in ("bilinear", "bicubic") and not antialias
    scale = f(m / n) if plain else f(1 / f(n / m))
    rows = [[0.0] * m for _ in range(n)]
    for i, row in enumerate(rows):
        if how == "nearest":
            row[min(floor(f((i + 0.5) * scale)), m - 1)] = 1.0
        elif how == "area":
            a, b = f(i * scale), f((i + 1) * scale)
            for k in range(floor(a), ceil(b)):
                row[min(k, m - 1)] += (min(k + 1, b) - max(k, a)) / (b - a)
        else:
            at = f(f((i + 0.5) * scale) - 0.5)
            if how == "bicubic" and not antialias:
                at = floor(at) + round(f((at - floor(at)) * ${CUBIC_STEPS})) / ${CUBIC_STEPS}
            wide = max(scale, 1) if antialias else 1
            radius = {"bilinear": 1, "gaussian": 1.5, "lanczos3": 3, "lanczos5": 5}.get(how, 2)
            for k in range(max(0, ceil(at - radius * wide)), min(m - 1, floor(at + radius * wide)) + 1):
                d = f(abs(k - at) * f(1 / wide))
                if how == "bilinear":
                    row[k] = 1 - d
                elif how == "bicubic":
                    row[k] = (1.5 * d - 2.5) * d * d + 1 if d < 1 else ((2.5 - 0.5 * d) * d - 4) * d + 2
                elif how == "mitchellcubic":
                    row[k] = ((-7 * d + 36) * d - 60) * d + 32 if d > 1 else (21 * d - 36) * d * d + 16
                elif how == "gaussian":
                    row[k] = exp(-2 * d * d) if d < 1.5 else 0.0
                else:
                    row[k] = 1 if d <= 1e-3 else radius * sin(pi * d) * sin(pi * d / radius) / (pi * d) ** 2
            row[:] = [w / sum(row) for w in row]
    return rows
`;
}
