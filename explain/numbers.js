// What the data hold: the checkpoint, the lines and sentences, and each sentence's tensors under their trace names.
"use strict";

const data = JSON.parse(document.getElementById("data").textContent);
const checkpoint = data.checkpoint;

// What is looked at. A section changes its part and draws itself again.
const view = {
    sentence: 0,
    box: "encoder.0.self_attention",
    aligned: `decoder.${checkpoint.decoder.n_layers - 1}.cross_attention`,
    attention: "decoder.0.cross_attention",
    head: 0,
    query: 0,
    key: 0,
    divided: true,
    step: 0,
    position: 0,
};

const sentence = () => data.sentences[view.sentence];
const stackOf = (name) => (name.startsWith("encoder") ? checkpoint.encoder : checkpoint.decoder);
const dHead = (name) => checkpoint.d_model / stackOf(name).n_heads;

// The decoder is fed the start token and then its own choices; the last one is never fed.
const startPiece = { id: null, piece: checkpoint.start };
const sourcePieces = () => sentence().source.map((token) => token.piece);
const targetPieces = () => sentence().target.map((token) => token.piece);
const decoderPieces = () => [startPiece.piece, ...targetPieces().slice(0, -1)];
const piecesOfRows = (name) =>
    name.startsWith("encoder") || /cross_attention\.(key|value)$/.test(name) ? sourcePieces() : decoderPieces();

const BLOCK = 32,
    EXPONENT_BIAS = 32,
    DIGIT_BITS = 6;
const DIGITS = new Map([..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"].map((c, i) => [c, i]));

// Block floating point as explain/block_floats.h describes it, to { rows, columns, at: Float32Array }.
function decode({ rows, columns, bits, numbers }) {
    const at = new Float32Array(rows * columns);
    let next = 0;
    for (let row = 0; row < rows; row++)
        for (let block = 0; block < columns; block += BLOCK) {
            const unit = 2 ** (DIGITS.get(numbers[next++]) - EXPONENT_BIAS - (bits - 1));
            let held = 0,
                nHeld = 0;
            for (let column = block; column < Math.min(block + BLOCK, columns); column++) {
                for (; nHeld < bits; nHeld += DIGIT_BITS) held = (held << DIGIT_BITS) | DIGITS.get(numbers[next++]);
                nHeld -= bits;
                const number = held >> nHeld;
                held &= (1 << nHeld) - 1;
                at[row * columns + column] = (number >= 1 << (bits - 1) ? number - (1 << bits) : number) * unit;
            }
        }
    return { rows, columns, at };
}

const decoded = new Map();

// A traced tensor of the sentence, by its trace name.
function tensor(name) {
    const key = `${view.sentence} ${name}`;
    if (!decoded.has(key)) decoded.set(key, decode(sentence().trace[name]));
    return decoded.get(key);
}

const rowOf = (of, row) => of.at.subarray(row * of.columns, (row + 1) * of.columns);

function softmax(scores) {
    const largest = Math.max(...scores);
    const powers = scores.map((s) => Math.exp(s - largest));
    const sum = powers.reduce((a, b) => a + b, 0);
    return powers.map((p) => p / sum);
}

// One head of one attention: q, k and v are functions of a row; weights(i) is the traced softmax of query i,
// products(i) are q_i · k_j; both of the keys that i sees.
function attentionHead(name, head) {
    const width = dHead(name),
        slice = (of, row) => rowOf(of, row).subarray(head * width, (head + 1) * width);
    const query = tensor(`${name}.query`),
        key = tensor(`${name}.key`),
        value = tensor(`${name}.value`);
    const traced = tensor(`${name}.weights`);
    const of = {
        nQueries: query.rows,
        nKeys: key.rows,
        width,
        q: (i) => slice(query, i),
        k: (j) => slice(key, j),
        v: (j) => slice(value, j),
        nSeen: (i) => (name.startsWith("decoder") && name.endsWith("self_attention") ? i + 1 : key.rows),
        weights: (i) => Array.from(rowOf(traced, head * query.rows + i)).slice(0, of.nSeen(i)),
        products(i) {
            const q = of.q(i);
            return Array.from({ length: of.nSeen(i) }, (_, j) => dot(q, of.k(j)));
        },
        // What the softmax makes of the products when they are not divided by sqrt(d_head).
        weightsUndivided: (i) => softmax(of.products(i)),
    };
    return of;
}

function dot(a, b) {
    let sum = 0;
    for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
    return sum;
}

// Row p of the sinusoids: model/embedding.c, embedding_positions.
function positionRow(p) {
    const d = checkpoint.d_model,
        nSines = Math.ceil(d / 2);
    return Float32Array.from({ length: d }, (_, column) => {
        const i = column < nSines ? column : column - nSines;
        const angle = p / 10000 ** ((2 * i) / d);
        return column < nSines ? Math.sin(angle) : Math.cos(angle);
    });
}

function positionRows(rows) {
    const at = new Float32Array(rows * checkpoint.d_model);
    for (let p = 0; p < rows; p++) at.set(positionRow(p), p * checkpoint.d_model);
    return { rows, columns: checkpoint.d_model, at };
}

// A number with as many decimals as its size leaves a meaning to, and a real minus.
function format(x, decimals) {
    const size = Math.abs(x),
        n = decimals ?? (size < 10 ? 3 : size < 100 ? 2 : 1);
    const text = x.toFixed(n);
    return (Number(text) === 0 ? text.replace("-", "") : text).replace("-", "−");
}

const percent = (p) => (p > 0 && p < 0.0005 ? "< 0.1 %" : `${(100 * p).toFixed(1)} %`);
