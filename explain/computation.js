// How an attention weight is computed from a query and a key, and the output of a head from weights and values.
import { isOff, isScaled, namesOfRows, piecesOfKeys, view } from "./data.js";
import { barCell, byId, cell, code, formula, html, paragraph, piece, rowHeader, rowName, table, tableRow } from "./elements.js";
import { colourEnd, strip } from "./heatmaps.js";
import { exponentials, format, sum } from "./numbers.js";
import { attentionHead, shownWeights } from "./tensors.js";

/** @import { Child } from "./elements.js" */

/** The numbers in the steps of the computation, for the chosen query and key. Scores, exp and weights have one number for
 * each key that the query sees. */
function computed() {
    const head = attentionHead(view.attention, view.head),
        { query, key } = view,
        q = head.q(query),
        k = head.k(key),
        products = head.products(query),
        root = Math.sqrt(head.width),
        scores = isScaled() ? products.map((product) => product / root) : products,
        weights = shownWeights(head, query),
        counts = isOff(`${view.attention}:${view.head}`) ? 0 : 1;
    return {
        head,
        q,
        k,
        v: head.v(key),
        times: q.map((x, column) => x * k[column]),
        product: products[key],
        root,
        scores,
        exp: exponentials(scores),
        weights,
        output: q.map((_, column) => counts * sum(weights.map((weight, j) => weight * head.v(j)[column]))),
    };
}

/** @typedef {ReturnType<typeof computed>} Computed */

export function drawComputation() {
    const name = view.attention,
        c = computed(),
        query = namesOfRows(`${name}.query`)[view.query],
        key = piecesOfKeys(name)[view.key];
    byId("computation").replaceChildren(
        html("h3", null, "How ", rowName(query), " attends to ", piece(key)),
        html("p", { class: "formula" }, formula(`softmax(Q K^T${isScaled() ? " / √d_k" : ""}) V`)),
        html("ol", { class: "steps" }, ...productSteps(name, c), ...weightSteps(name, c), ...valueSteps(name, c)),
    );
}

/** @type {(sentence: Child[], ...pictures: HTMLElement[]) => HTMLElement} */
const step = (sentence, ...pictures) => html("li", null, paragraph(...sentence), ...pictures);

/** @type {(id: string, x: number) => HTMLElement} */
const result = (id, x) => html("b", { id }, format(x));

/** @type {(name: string, computed: Computed) => HTMLElement[]} */
function productSteps(name, { q, k, times, product }) {
    const end = colourEnd([...q, ...k]);
    return [
        step([`Query: row ${view.query} of `, code(`${name}.query`)], strip("q", q, end)),
        step([`Key: row ${view.key} of `, code(`${name}.key`)], strip("k", k, end)),
        step(
            ["Dot product, multiplied element by element and summed: q · k = ", result("product", product)],
            strip("q × k", times, colourEnd(times)),
        ),
    ];
}

/** @type {(name: string, computed: Computed) => HTMLElement[]} */
function weightSteps(name, { head, root, scores, exp, weights }) {
    const { query, key } = view,
        scaled = isScaled(),
        keys = piecesOfKeys(name);
    const divided = [
        scaled ? "Divided by √d" : "Not divided by √d",
        html("sub", null, "head"),
        scaled ? ` = √${head.width} = ${format(root)}: ` : ": ",
    ];
    const rows = scores.map((score, j) =>
        tableRow(
            [rowHeader(piece(keys[j])), cell(format(score)), cell(format(exp[j])), barCell(weights[j], format(weights[j]))],
            j === key,
        ),
    );
    return [
        step([...divided, result("score", scores[key])]),
        step(
            [
                "Softmax over the row: exp(score − largest score), divided by the sum of all, ",
                `${format(sum(exp))}. The weight is `,
                result("weight", weights[key]),
                scaled ? "." : `; with scaling it is ${format(head.weightsScaled(query)[key])}.`,
            ],
            html("div", { class: "scroll softmax", tabindex: 0 }, table(["key", "score", "exp", "weight"], rows)),
        ),
    ];
}

/** @type {(name: string, computed: Computed) => HTMLElement[]} */
function valueSteps(name, { head, v, weights, output }) {
    const end = colourEnd([...v, ...output]),
        first = view.head * head.width,
        columns = `${first} … ${first + head.width - 1}`;
    return [
        step(
            [`Value: row ${view.key} of `, code(`${name}.value`), `, to be multiplied by ${format(weights[view.key])}`],
            strip("v", v, end),
        ),
        step(
            [
                `Sum of all values times their weights: row ${view.query}, columns ${columns} of `,
                code(`${name}.heads`),
                isOff(`${name}:${view.head}`) ? ": 0, because the head is switched off" : null,
                view.scaled || isOff("scaling") ? null : ", as it would be without scaling",
            ],
            strip("heads", output, end),
        ),
    ];
}
