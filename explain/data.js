// The data that explain.c writes: the checkpoint, the lines, and each sentence with its tensors under their trace names.

/**
 * @typedef {{ n_layers: number, n_heads: number, d_head: number, d_ff: number }} Stack
 *
 * @typedef {object} Norm                       where layers are normalized
 * @property {boolean} before                   pre-norm: before each sublayer, instead of after it
 * @property {boolean} embedding                after the embeddings
 * @property {boolean} final                    after each stack
 * @property {number} epsilon
 *
 * @typedef {object} Checkpoint
 * @property {string} source_language
 * @property {string} target_language
 * @property {number} d_model
 * @property {Stack} encoder
 * @property {Stack} decoder
 * @property {"relu" | "swish" | "gelu" | "gelu_tanh"} activation
 * @property {boolean} scale_embedding          embeddings are multiplied by √d_model
 * @property {number} n_source_vocabulary
 * @property {number} n_target_vocabulary
 * @property {number} max_positions
 * @property {"int8" | "float32"} dtype
 * @property {string} start                     the piece that the decoder is fed first
 * @property {Norm} norm
 * @property {string} tokenizer                 what splits text
 * @property {string[]} before                  pieces before each source
 * @property {string[]} after                   and after it
 * @property {string[]} forced                  pieces that always follow the start piece
 * @property {Packed} [source_positions]        tables of positions, which are sinusoids without them
 * @property {Packed} [target_positions]
 *
 * @typedef {{ id: number | null, piece: string }} Token    without an id: the start piece
 *
 * @typedef {object} Reading                    softmax of the output layer at one step
 * @property {number} chosen                    the probability of the piece that was chosen at this step
 * @property {[piece: string, probability: number][]} best      the most probable pieces, best first
 *
 * @typedef {object} StrongestRow               a row of an inner feed-forward layer
 * @property {number} positive                  how many of its numbers are above 0
 * @property {[column: number, value: number][]} numbers        those of largest magnitude, largest first
 *
 * @typedef {object} Packed                     block floating point, described in explain/block_floats.h
 * @property {number} rows
 * @property {number} columns
 * @property {number} bits
 * @property {string} numbers
 *
 * @typedef {object} Traced                     a tensor: of `output` only a reading, of an inner layer only the strongest
 * @property {number} rows
 * @property {number} columns
 * @property {number} [bits]
 * @property {string} [numbers]
 * @property {Reading[]} [reading]              a row per step: of `output`, and of the decoder's residual stream
 * @property {StrongestRow[]} [strongest]
 *
 * @typedef {object} Search                     how translations were searched
 * @property {number} n_beams                   1: greedy search, or sampling
 * @property {number} length_penalty
 * @property {number} no_repeat                 n-grams of this size occur only once; 0: any number of times
 * @property {number} n_prefix                  pieces that were given, after the forced ones
 * @property {number} temperature               0: pieces are not drawn
 * @property {number} top_k                     0: all
 * @property {number} top_p                     1: all
 * @property {number} seed
 *
 * @typedef {object} Hypothesis                 of beam search, as it was at one step
 * @property {number} n                         pieces: the step, from 1 on
 * @property {string} piece                     the last one
 * @property {number} [parent]                  the index of the hypothesis that it continues, if it has several pieces
 * @property {boolean} ended
 * @property {number} sum                       of its log-probabilities
 * @property {number} score                     if it ends here
 *
 * @typedef {object} Line
 * @property {string} text
 * @property {string} translation
 * @property {string[]} [without]               the parts of the model that are switched off
 *
 * @typedef {object} SentenceParts
 * @property {boolean} [given]                  the translation was given, not searched for
 * @property {boolean} truncated                stopped by the length cap
 * @property {Token[]} source
 * @property {Token[]} target
 * @property {Hypothesis[]} [beam]              step by step, those of a step best first, after beam search
 * @property {Record<string, Traced>} trace     by trace name, in order of computation
 * @typedef {Line & SentenceParts} Sentence
 *
 * @typedef {{ version: string, checkpoint: Checkpoint, search: Search, lines: Line[], sentences: Sentence[] }} PageData
 */

/** @type {PageData} */
export let data = JSON.parse(document.getElementById("data")?.textContent ?? "");
export let checkpoint = data.checkpoint;

/** Takes the data of other sentences of the same checkpoint.
 * @param {PageData} other */
export function replaceData(other) {
    data = other;
    checkpoint = data.checkpoint;
}

/** What the reader has chosen. A section changes its own entries and redraws itself. */
export const view = {
    sentence: 0,
    box: "encoder.0.self_attention",
    aligned: `decoder.${checkpoint.decoder.n_layers - 1}.cross_attention`,
    attention: "decoder.0.cross_attention",
    head: 0,
    query: 0,
    key: 0,
    scaled: true,
    step: 0,
    position: 0,
    /** @type {number | null} its index; null for the translation */
    hypothesis: null,
};

export const sentence = () => data.sentences[view.sentence];

/** What sets a line or sentence apart from the same text on this page: "without …" or "original".
 * @type {(line: Line) => string} */
export const experiment = ({ without }) =>
    without ? `without ${without.join(", ")}` : data.lines.some((line) => line.without) ? "original" : "";

/** Whether a part of the model is switched off in the sentence.
 * @type {(part: string) => boolean} */
export const isOff = (part) => sentence().without?.includes(part) ?? false;

/** Whether weights are shown as with scaling by 1/√d_head. */
export const isScaled = () => view.scaled && !isOff("scaling");

/** @typedef {"encoder" | "decoder"} StackName
 * @type {(name: string) => StackName} */
export const stackName = (name) => (name.startsWith("encoder") ? "encoder" : "decoder");

/** @type {(name: string) => number} */
export const dHead = (name) => checkpoint[stackName(name)].d_head;

/** @type {(tokens: Token[]) => string[]} */
const piecesOf = (tokens) => tokens.map((token) => token.piece);

export const sourcePieces = () => piecesOf(sentence().source);
export const targetPieces = () => piecesOf(sentence().target);

/** The decoder is fed the start token and then its own choices, except the last one.
 * @returns {Token[]} */
export const decoderTokens = () => [{ id: null, piece: checkpoint.start }, ...sentence().target.slice(0, -1)];
export const decoderPieces = () => piecesOf(decoderTokens());

/** The name of a row: its piece, or in the decoder the piece that it is fed and the piece that it predicts.
 * @typedef {[piece: string] | [fed: string, predicted: string]} RowName */

/** The name of each row of the decoder.
 * @returns {RowName[]} */
export const decoderRows = () => decoderPieces().map((fed, i) => [fed, targetPieces()[i]]);

/** The name of each row of a tensor.
 * @type {(name: string) => RowName[]} */
export const namesOfRows = (name) =>
    name.startsWith("encoder") || /cross_attention\.(key|value)$/.test(name)
        ? sourcePieces().map((text) => [text])
        : decoderRows();

/** The piece of each key of an attention; a key of the decoder is computed from the piece that was fed.
 * @type {(attention: string) => string[]} */
export const piecesOfKeys = (attention) => (/^decoder.*self/.test(attention) ? decoderPieces() : sourcePieces());
