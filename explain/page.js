// The header of the page, and the choices that redraw every section: the sentence and the theme.
import { drawAlignedChoice, drawAlignment } from "./alignment.js";
import { chooseFirstCell, drawAttention } from "./attention.js";
import { drawBeam } from "./beam.js";
import { drawBox } from "./box.js";
import { checkpoint, data, experiment, replaceData, view } from "./data.js";
import { drawDecoding } from "./decoding.js";
import { byId, choice, html } from "./elements.js";
import { readScales } from "./heatmaps.js";
import { drawMap } from "./map.js";
import { drawPositions } from "./positions.js";
import { addSaveButtons } from "./save.js";
import { forgetTensors } from "./tensors.js";

/** @import { Stack } from "./data.js" */

function drawHeader() {
    const { encoder, decoder, d_model, dtype, source_language, target_language } = checkpoint;
    const quotes = data.lines.map((line) =>
        html(
            "blockquote",
            null,
            html("p", { lang: source_language }, line.text),
            html("p", { lang: target_language }, line.translation),
            experiment(line) ? html("p", { class: "note" }, experiment(line)) : null,
        ),
    );
    /** @type {[number, string][]} */
    const options = data.sentences.map((one, i) => [i, [one.text, experiment(one)].filter(Boolean).join(", ")]);
    byId("lines").replaceChildren(...quotes);
    byId("sentences").hidden = data.sentences.length === 1;
    byId("sentences").replaceChildren(
        /** @type {Element} */ (byId("sentences").firstElementChild),
        ...choice("sentence", options, view.sentence, chooseSentence),
    );
    /** @type {(name: string, stack: Stack) => string} */
    const stack = (name, { n_layers, n_heads, d_head, d_ff }) =>
        `${name}: ${n_layers} layers, ${n_heads} heads of ${d_head}, d_ff ${d_ff}`;
    byId("checkpoint").textContent =
        `${source_language} to ${target_language}, ${dtype} weights, d_model ${d_model}. ${stack("Encoder", encoder)}. ` +
        `${stack("Decoder", decoder)}. ${normWords()}. Positions: ` +
        `${checkpoint.source_positions ? "stored tables" : "sinusoids"}. ${frameWords()}. transformer.c ${data.version}`;
}

function normWords() {
    const { before, embedding, final, epsilon } = checkpoint.norm,
        places = [`${before ? "before" : "after"} each sublayer`, embedding && "of embeddings", final && "after each stack"];
    return `Layer norm ${places.filter(Boolean).join(", ")}${epsilon === 1e-5 ? "" : `, epsilon ${epsilon}`}`;
}

/** What splits text, and the pieces around it. */
function frameWords() {
    const { tokenizer, before, after, start, forced } = checkpoint,
        source = [...before, "text", ...after].join(" ");
    return `Tokenizer: ${tokenizer}, source ${source}, target ${[start, ...forced, "text"].join(" ")}`;
}

/** @param {number} i */
function chooseSentence(i) {
    startSentence(i);
    drawSections();
}

/** @param {number} i */
function startSentence(i) {
    view.sentence = i;
    view.step = view.position = 0;
    view.hypothesis = null;
    chooseFirstCell();
}

/** What draws each section.
 * @type {Record<string, () => void>} */
const draw = {
    alignment() {
        drawAlignedChoice();
        drawAlignment();
    },
    figure() {
        drawMap();
        drawBox();
    },
    attention: drawAttention,
    decoding: drawDecoding,
    beam: drawBeam,
    positions: drawPositions,
};

function drawSections() {
    readScales();
    for (const section of Object.values(draw)) section();
}

/** Follows the system's theme until the button chooses one. */
const systemDark = matchMedia("(prefers-color-scheme: dark)");

/** @param {"dark" | "light"} theme */
function setTheme(theme) {
    const other = theme === "dark" ? "light" : "dark",
        button = byId("theme");
    document.documentElement.dataset.theme = theme;
    button.textContent = other === "dark" ? "Dark" : "Light";
    button.setAttribute("aria-label", `Switch to ${other} mode`);
    button.onclick = () => {
        systemDark.onchange = null;
        setTheme(other);
    };
    drawSections();
}

const setSystemTheme = () => setTheme(systemDark.matches ? "dark" : "light");
systemDark.onchange = setSystemTheme;

drawHeader();
addSaveButtons();
chooseFirstCell();
setSystemTheme();

// scripts/explore, on whose page this one is a frame, sends new data as people type. Pages of other origins cannot. The
// sections in sight are drawn at once, the others when the typing pauses.
let pause = 0;
addEventListener("explore", (event) => {
    replaceData(/** @type {CustomEvent} */ (event).detail);
    forgetTensors();
    startSentence(0);
    drawHeader();
    /** @type {(id: string) => boolean} */
    const isInSight = (id) => {
        const { top, bottom } = byId(id).getBoundingClientRect();
        return top < innerHeight && bottom > 0;
    };
    const later = Object.keys(draw).filter((id) => !isInSight(id));
    for (const id of Object.keys(draw).filter(isInSight)) draw[id]();
    clearTimeout(pause);
    pause = setTimeout(() => {
        for (const id of later) draw[id]();
    }, 300);
});

// The lines between pieces connect points on the screen, and the tree of the beam is as wide as its place, so a change of
// width redraws them.
let drawnWidth = 0;
new ResizeObserver(() => {
    const width = byId("pieces").clientWidth;
    if (width !== drawnWidth) {
        drawAlignment();
        drawBeam();
    }
    drawnWidth = width;
}).observe(byId("pieces"));
