// Arithmetic, and numbers as text.

/** One result of `make` for each index from 0 to n - 1.
 * @template T
 * @param {number} n
 * @param {(index: number) => T} make */
export const range = (n, make) => Array.from({ length: n }, (_, index) => make(index));

/** The index from 0 to n - 1 nearest to `index`.
 * @type {(index: number, n: number) => number} */
export const clamp = (index, n) => Math.min(Math.max(index, 0), n - 1);

/** @type {(numbers: number[]) => number} */
export const sum = (numbers) => numbers.reduce((a, b) => a + b, 0);

/** @type {(numbers: number[]) => number} */
export const mean = (numbers) => sum(numbers) / numbers.length;

/** @type {(a: Float32Array, b: Float32Array) => number} */
export const dot = (a, b) => a.reduce((total, x, i) => total + x * b[i], 0);

/** exp(score − largest score), before softmax divides it by the sum of all.
 * @type {(scores: number[]) => number[]} */
export function exponentials(scores) {
    const largest = Math.max(...scores);
    return scores.map((score) => Math.exp(score - largest));
}

/** @type {(scores: number[]) => number[]} */
export function softmax(scores) {
    const unnormalized = exponentials(scores),
        total = sum(unnormalized);
    return unnormalized.map((x) => x / total);
}

/** A number with a typographic minus sign; by default, larger numbers have fewer decimals.
 * @type {(x: number, decimals?: number) => string} */
export function format(x, decimals) {
    const size = Math.abs(x),
        text = x.toFixed(decimals ?? (size < 10 ? 3 : size < 100 ? 2 : 1));
    return (Number(text) === 0 ? text.replace("-", "") : text).replace("-", "−");
}

/** @type {(probability: number) => string} */
export const percent = (probability) =>
    probability > 0 && probability < 0.0005 ? "< 0.1 %" : `${(100 * probability).toFixed(1)} %`;
