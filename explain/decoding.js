// The steps of decoding: the most probable pieces, and what the model would have said after each sublayer.
import { checkpoint, data, decoderRows, sentence, targetPieces, view } from "./data.js";
import { barCell, byId, code, html, inputById, note, piece, rowHeader, rowName, table, tableRow } from "./elements.js";
import { clamp, percent } from "./numbers.js";

const N_READ = 3; // pieces of each reading

/** @param {number} step */
function chooseStep(step) {
    view.step = clamp(step, sentence().target.length);
    drawDecoding();
}

export function drawDecoding() {
    const target = targetPieces(),
        t = view.step,
        slider = inputById("step");
    slider.max = String(target.length - 1);
    slider.value = String(t);
    slider.oninput = () => chooseStep(Number(slider.value));
    byId("step-back").onclick = () => chooseStep(t - 1);
    byId("step-on").onclick = () => chooseStep(t + 1);
    byId("search").textContent = searchWords();
    byId("step-name").replaceChildren(`step ${t + 1} of ${target.length}: `, rowName(decoderRows()[t]));
    byId("said").replaceChildren(...target.map(stepButton));
    drawBest(target[t]);
    drawReadings(target[t]);
}

/** What chose the pieces. */
function searchWords() {
    const { n_beams, temperature, top_k, top_p, seed, no_repeat } = data.search,
        drawn = [`temperature ${temperature}`, top_k && `top k ${top_k}`, top_p < 1 && `top p ${top_p}`, `seed ${seed}`],
        how = drawn.filter(Boolean).join(", ");
    const without = no_repeat ? ` No ${no_repeat}-gram of pieces occurs twice.` : "";
    if (sentence().given) return "This translation was given.";
    if (n_beams > 1) return `Beam search with ${n_beams} hypotheses found this translation; it is shown below.${without}`;
    if (temperature) return `Each piece was drawn at random (${how}); probabilities are the model's own.${without}`;
    return `Greedy search takes the most probable one.${without}`;
}

/** Why a piece was chosen that is not the most probable one. */
function reason() {
    const { n_beams, temperature, n_prefix } = data.search,
        { given, truncated, target } = sentence();
    if (given) return "the translation was given.";
    if (view.step < checkpoint.forced.length) return "the checkpoint forces it.";
    if (view.step < checkpoint.forced.length + n_prefix) return "it belongs to the prefix.";
    if (truncated && view.step === target.length - 1) return "the length cap ends the sentence.";
    if (n_beams > 1) return "beam search compares whole translations.";
    return temperature ? "it was drawn." : "more probable ones would repeat pieces.";
}

/** @type {(text: string, i: number) => HTMLElement} */
const stepButton = (text, i) =>
    html(
        "button",
        {
            type: "button",
            class: i < view.step ? "past" : i === view.step ? "now" : "later",
            "aria-current": i === view.step ? "step" : null,
            onclick: () => {
                chooseStep(i);
                /** @type {HTMLElement} */ (byId("said").querySelector(".now")).focus();
            },
        },
        piece(text),
    );

/** The most probable pieces of the step.
 * @param {string} chosenPiece */
function drawBest(chosenPiece) {
    const { reading = [] } = sentence().trace.output,
        { chosen, best } = reading[view.step];
    const rows = best.map(([text, p]) => tableRow([rowHeader(piece(text)), barCell(p)], text === chosenPiece));
    const other = note("The chosen piece is ", piece(chosenPiece), `, with probability ${percent(chosen)}: ${reason()}`);
    byId("best").replaceChildren(
        html("h3", null, "The most probable pieces"),
        table(["piece", "probability"], rows),
        ...(best[0][0] === chosenPiece ? [] : [other]),
    );
}

/** The predictions from each tensor of the residual stream at this step, the last tensor first.
 * @param {string} chosenPiece */
function drawReadings(chosenPiece) {
    const rows = Object.entries(sentence().trace).flatMap(([name, { reading }]) => {
        if (!reading) return [];
        const { chosen, best } = reading[view.step],
            pieces = best.slice(0, N_READ).map(([text, p]) => html("span", null, piece(text), ` ${percent(p)}`));
        const cells = [rowHeader(code(name)), html("td", { class: "would" }, ...pieces), barCell(chosen)];
        return [tableRow(cells, best[0][0] === chosenPiece)];
    });
    byId("readings").replaceChildren(
        html("h3", null, "Predictions after each sublayer"),
        table(["after", "most probable pieces", html("span", null, "probability of ", piece(chosenPiece))], rows.reverse()),
        note(
            `Each row is softmax(${checkpoint.norm.final ? "LayerNorm(x)" : "x"} Wᵀ + b), where x is the residual stream at `,
            "that point; after the last sublayer it is ",
            code("output"),
            ".",
        ),
    );
}
