// The tensors of the sentence, and what the page computes from them.
import { checkpoint, dHead, isOff, isScaled, sentence, view } from "./data.js";
import { dot, range, softmax } from "./numbers.js";

/** @import { Packed, StackName } from "./data.js" */

/** @typedef {{ rows: number, columns: number, values: Float32Array }} Tensor */

const BLOCK = 32,
    EXPONENT_BIAS = 32,
    DIGIT_BITS = 6;
/** The digits in their order, by their character codes. */
const DIGIT_VALUES = new Uint8Array(128);
Array.from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/").forEach((digit, value) => {
    DIGIT_VALUES[digit.charCodeAt(0)] = value;
});

/** Unpacks block floating point, which explain/block_floats.h describes.
 * @param {Packed} packed
 * @returns {Tensor} */
function unpack({ rows, columns, bits, numbers }) {
    const values = new Float32Array(rows * columns),
        digits = Uint8Array.from({ length: numbers.length }, (_, i) => DIGIT_VALUES[numbers.charCodeAt(i)]);
    let next = 0;
    for (let row = 0; row < rows; row++)
        for (let block = 0; block < columns; block += BLOCK) {
            const unit = 2 ** (digits[next++] - EXPONENT_BIAS - (bits - 1));
            let held = 0,
                nHeld = 0;
            for (let column = block; column < Math.min(block + BLOCK, columns); column++) {
                for (; nHeld < bits; nHeld += DIGIT_BITS) held = (held << DIGIT_BITS) | digits[next++];
                nHeld -= bits;
                const number = held >> nHeld;
                held &= (1 << nHeld) - 1;
                values[row * columns + column] = (number >= 1 << (bits - 1) ? number - (1 << bits) : number) * unit;
            }
        }
    return { rows, columns, values };
}

/** @type {Map<string, Tensor>} */
const unpacked = new Map();

/** Forgets the tensors of data that was replaced. */
export const forgetTensors = () => unpacked.clear();

/** A traced tensor of the sentence, by its trace name.
 * @param {string} name
 * @returns {Tensor} */
export function tensor(name) {
    const key = `${view.sentence} ${name}`,
        found = unpacked.get(key) ?? unpack(/** @type {Packed} */ (sentence().trace[name]));
    unpacked.set(key, found);
    return found;
}

/** @type {(tensor: Tensor, row: number) => Float32Array} */
export const rowOf = ({ values, columns }, row) => values.subarray(row * columns, (row + 1) * columns);

/** One head of one attention. Rows of q, k and v have d_head numbers; a row of weights or products has one number for
 * each key that the query sees.
 * @param {string} name     of the attention
 * @param {number} head */
export function attentionHead(name, head) {
    const width = dHead(name),
        causal = name.startsWith("decoder") && name.endsWith("self_attention");
    const nQueries = sentence().trace[`${name}.query`].rows,
        nKeys = sentence().trace[`${name}.key`].rows;
    /** @type {(part: string) => (row: number) => Float32Array} */
    const slice = (part) => (row) => rowOf(tensor(`${name}.${part}`), row).subarray(head * width, (head + 1) * width);
    const q = slice("query"),
        k = slice("key");
    /** @type {(query: number) => number} */
    const nSeen = (i) => (causal ? i + 1 : nKeys);
    /** @type {(query: number) => number[]} q_i · k_j */
    const products = (i) => range(nSeen(i), (j) => dot(q(i), k(j)));
    /** @type {(query: number) => number[]} as the model computed them */
    const weights = (i) => Array.from(rowOf(tensor(`${name}.weights`), head * nQueries + i)).slice(0, nSeen(i));
    /** @type {(query: number) => number[]} with the 1/√d_head scaling */
    const weightsScaled = (i) =>
        isOff("scaling") ? softmax(products(i).map((product) => product / Math.sqrt(width))) : weights(i);
    /** @type {(query: number) => number[]} without it */
    const weightsUnscaled = (i) => (isOff("scaling") ? weights(i) : softmax(products(i)));
    const v = slice("value");
    return { nQueries, nKeys, width, q, k, v, nSeen, products, weights, weightsScaled, weightsUnscaled };
}

/** @typedef {ReturnType<typeof attentionHead>} AttentionHead */

/** The weights of a query, with or without scaling, as chosen.
 * @type {(head: AttentionHead, query: number) => number[]} */
export const shownWeights = (head, query) => 
    isScaled() ? head.weightsScaled(query) : head.weightsUnscaled(query);

/** The stored table of positions of a side, if there is one.
 * @type {(side: StackName) => Tensor | undefined} */
function storedPositions(side) {
    const packed = side === "encoder" ? checkpoint.source_positions : checkpoint.target_positions,
        found = unpacked.get(side) ?? (packed && unpack(packed));
    if (found) unpacked.set(side, found);
    return found;
}

/** Row p of the positional encoding of a side: of its table, or sinusoids; see embedding_positions in model/embedding.c.
 * @type {(side: StackName, p: number) => Float32Array} */
export function positionRow(side, p) {
    const stored = storedPositions(side);
    if (stored) return rowOf(stored, p);
    const { d_model } = checkpoint,
        nSines = Math.ceil(d_model / 2);
    return Float32Array.from({ length: d_model }, (_, column) => {
        const i = column % nSines,
            angle = p / 10000 ** ((2 * i) / d_model);
        return column < nSines ? Math.sin(angle) : Math.cos(angle);
    });
}

/** @type {(side: StackName, rows: number) => Tensor} */
export const positionRows = (side, rows) => ({
    rows,
    columns: checkpoint.d_model,
    values: Float32Array.from(range(rows, (p) => [...positionRow(side, p)]).flat()),
});
