// The steps of greedy search: the most probable pieces, and what the model would have said after each sublayer.
import { checkpoint, decoderRows, sentence, targetPieces, view } from "./data.js";
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
    byId("step-name").replaceChildren(`step ${t + 1} of ${target.length}: `, rowName(decoderRows()[t]));
    byId("said").replaceChildren(...target.map(stepButton));
    drawBest(target[t]);
    drawReadings(target[t]);
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
    const reason = sentence().given ? "the translation was given." : "the length cap ends the sentence.",
        forced = note(
        "The chosen piece is ",
        piece(chosenPiece),
        `, with probability ${percent(chosen)}: ${reason}`,
    );
    byId("best").replaceChildren(
        html("h3", null, "The most probable pieces"),
        table(["piece", "probability"], rows),
        ...(best[0][0] === chosenPiece ? [] : [forced]),
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
