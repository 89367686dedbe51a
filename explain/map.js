// Figure 1 of the paper with the layers and shapes of this checkpoint. Choosing a box shows its panel.
import { KINDS, allBoxes, drawBox } from "./box.js";
import { checkpoint, sentence, stackName, view } from "./data.js";
import { byId, fill, onArrow, pressed, svg } from "./elements.js";

/**
 * @import { Box } from "./box.js"
 * @import { StackName } from "./data.js"
 * @import { Attributes } from "./elements.js"
 */

const WIDTH = 424,
    CENTRES = { encoder: 106, decoder: 318 },
    BETWEEN = 212, // where the encoder's output goes up or down to the decoder
    BOX = 152,
    SMALL_BOX = 68,
    FRAME = 202,
    GAP = 19,
    LAYER_GAP = 34;

/** @type {Record<string, number>} */
const HEIGHTS = { decoder_self: 40, norm: 22, norm_alone: 22, norm_before: 22, add: 22 };
const HEIGHT = 26; // of all other boxes

/** @type {(d: string) => SVGElement} */
const line = (d) => svg("path", { class: "arrow", d });
/** @type {(d: string) => SVGElement} */
const arrow = (d) => svg("path", { class: "arrow", d, "marker-end": "url(#tip)" });

/** One side of the figure. It is drawn from y = 0 upwards: negative is up. */
class Column {
    /** @param {StackName} side */
    constructor(side) {
        const encoder = side === "encoder";
        this.x = CENTRES[side];
        this.outer = encoder ? -1 : 1; // the direction of the residual connections, away from the other side
        this.rows = (encoder ? sentence().source : sentence().target).length;
        this.stream = `${this.rows} × ${checkpoint.d_model}`;
        this.boxes = allBoxes().filter((box) => stackName(box.id) === side);
        this.y = 0;
        this.layerStart = this.residualStart = 0;
        /** @type {number[]} y where the encoder's output enters */
        this.crossings = [];
        /** @type {Record<"frames" | "shapes" | "boxes", SVGElement[]>} in the order of drawing */
        this.drawn = { frames: [], shapes: [], boxes: [] };
        this.drawInput(encoder ? "Inputs" : "Outputs so far (shifted right)");
        this.drawEmbedding(encoder ? "Input Embedding" : "Output Embedding");
        for (const box of this.boxes.slice(2)) this.drawStep(box);
    }

    /** @param {SVGElement[]} shapes */
    add(...shapes) {
        this.drawn.shapes.push(...shapes);
    }

    /** An arrow upwards, with a label on its inner side.
     * @type {(height: number, label?: string, above?: number) => void} */
    rise(height, label, above = height / 2 - 4) {
        this.add(arrow(`M${this.x} ${this.y}V${this.y - height + 1}`));
        if (label) this.add(this.text("shape", 6, this.y - above, label, this.outer < 0 ? "start" : "end"));
        this.y -= height;
    }

    /** Text at a distance from the middle of the column, on the inner side.
     * @type {(kind: string, distance: number, y: number, text: string, anchor: "start" | "end") => SVGElement} */
    text(kind, distance, y, text, anchor) {
        return svg("text", { class: kind, x: this.x - this.outer * distance, y, "text-anchor": anchor }, text);
    }

    /** @type {(box: Box, title?: string) => void} */
    put(box, title = KINDS[box.kind].title) {
        const height = HEIGHTS[box.kind] ?? HEIGHT;
        this.y -= height;
        this.drawn.boxes.push(mapBox(box, title, this.x - BOX / 2, this.y, BOX, height));
    }

    /** @param {string} title */
    drawInput(title) {
        this.add(svg("text", { x: this.x, y: -2 }, title));
        this.y = -16;
        this.rise(GAP, `${this.rows} ids`);
    }

    /** The embedding, and the positional encoding that is added to it.
     * @param {string} title */
    drawEmbedding(title) {
        const { x, outer } = this,
            [embedding, positions] = this.boxes;
        this.put(embedding, title);
        this.rise(16);
        const y = (this.y -= 10),
            left = outer < 0 ? x - FRAME / 2 + 4 : x + FRAME / 2 - 72;
        this.drawn.boxes.push(mapBox(positions, KINDS.positions.title, left, y - 15, SMALL_BOX, 30));
        this.add(
            svg("circle", { class: "plus", cx: x, cy: y, r: 9 }),
            line(`M${x - 5} ${y}h10M${x} ${y - 5}v10`),
            arrow(`M${outer < 0 ? left + SMALL_BOX : left} ${y}H${x + outer * 10}`),
        );
        this.y -= 9;
    }

    /** A box, the arrow to it, and the lines and the frame around it.
     * @param {Box} box */
    drawStep(box) {
        if (box.kind === "linear" || box.id.endsWith("final_norm")) this.rise(30, this.stream, 13);
        else if (box.kind === "softmax") this.rise(GAP, `${this.rows} × ${checkpoint.n_target_vocabulary}`);
        else if (this.beginsLayer(box)) {
            this.rise(LAYER_GAP, this.stream, 11);
            this.layerStart = this.y + 12;
            this.residualStart = this.y + 7;
        } else {
            if (this.beginsSublayer(box)) this.residualStart = this.y - 7;
            this.rise(GAP, this.stream);
        }
        this.put(box);
        if (box.kind === "cross") this.crossings.push(this.y + HEIGHT / 2);
        if (box.kind === "norm" || box.kind === "add") this.drawResidual();
        if (/feed_forward_/.test(box.id) && box.kind !== "norm_before") this.drawFrame(String(box.layer));
    }

    /** Whether the residual stream divides below the box: what it reads goes around its sublayer.
     * @param {Box} box */
    beginsSublayer(box) {
        return checkpoint.norm.before ? box.kind === "norm_before" : box.layer !== undefined && box.kind !== "norm";
    }

    /** @param {Box} box */
    beginsLayer(box) {
        return this.beginsSublayer(box) && /self_attention/.test(box.id);
    }

    /** The residual connection around the sublayer, to the box that adds it. */
    drawResidual() {
        const { x, outer } = this,
            around = x + outer * (BOX / 2 + 12),
            middle = this.y + HEIGHTS.norm / 2;
        this.add(arrow(`M${x} ${this.residualStart}H${around}V${middle}H${x + outer * (BOX / 2 + 1)}`));
    }

    /** The frame of a layer, and its number.
     * @param {string} layer */
    drawFrame(layer) {
        const { x, y } = this,
            height = this.layerStart - y + 8;
        this.drawn.frames.push(svg("rect", { class: "frame", x: x - FRAME / 2, y: y - 8, width: FRAME, height, rx: 8 }));
        this.add(this.text("layer", FRAME / 2 - 6, y + 4, layer, this.outer < 0 ? "end" : "start"));
    }
}

export function drawMap() {
    const encoder = new Column("encoder"),
        decoder = new Column("decoder"),
        encoded = encoder.y - 20;
    decoder.rise(GAP);
    decoder.add(svg("text", { x: decoder.x, y: decoder.y - 6 }, "Output probabilities"));
    encoder.add(
        line(`M${encoder.x} ${encoder.y}V${encoded}H${BETWEEN}`),
        line(`M${BETWEEN} ${Math.min(encoded, ...decoder.crossings)}V${Math.max(encoded, ...decoder.crossings)}`),
        svg("text", { class: "shape", x: encoder.x + 8, y: encoded - 5 }, `encoded ${encoder.stream}`),
        ...decoder.crossings.map((y) => arrow(`M${BETWEEN} ${y}H${decoder.x - BOX / 2 - 1}`)),
    );
    const top = Math.min(encoded, decoder.y) - 26,
        drawn = [encoder.drawn, decoder.drawn];
    byId("map").replaceChildren(
        svg(
            "svg",
            { viewBox: `0 ${top} ${WIDTH} ${-top + 8}`, role: "group", "aria-label": "Figure 1" },
            ...drawn.flatMap(({ frames }) => frames),
            ...drawn.flatMap(({ shapes }) => shapes),
            ...drawn.flatMap(({ boxes }) => boxes),
        ),
    );
}

/** @type {(box: Box, title: string, x: number, y: number, width: number, height: number) => SVGElement} */
function mapBox(box, title, x, y, width, height) {
    const words = title.split(" "),
        onFirst = height > 28 ? Math.ceil(words.length / 2) : words.length,
        lines = [words.slice(0, onFirst).join(" "), words.slice(onFirst).join(" ")].filter(Boolean),
        small = width < BOX;
    const attributes = {
        class: `box ${KINDS[box.kind].colour ?? box.kind}${small ? " small" : ""}`,
        role: "button",
        "aria-label": `${box.id}: ${title}`,
        "data-box": box.id,
        "data-y": y,
        onclick: () => chooseBox(box.id),
        onkeydown: (/** @type {KeyboardEvent} */ event) => onKey(event, box.id),
        ...pressed(box.id === view.box),
    };
    const top = y + height / 2 + 4 - ((lines.length - 1) / 2) * (small ? 11 : 15);
    return svg(
        "g",
        attributes,
        svg("rect", { x, y, width, height, rx: 5 }),
        ...lines.map((text, i) => svg("text", { x: x + width / 2, y: top + i * (small ? 11 : 15) }, text)),
    );
}

/** @type {() => SVGElement[]} */
const mapBoxes = () => Array.from(byId("map").querySelectorAll("g"));

/** @param {string} id */
function chooseBox(id) {
    view.box = id;
    for (const box of mapBoxes()) fill(box, pressed(box.dataset.box === id));
    drawBox();
}

/** Enter and space choose a box; the arrow keys move to another one.
 * @type {(event: KeyboardEvent, id: string) => void} */
function onKey(event, id) {
    if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        chooseBox(id);
    } else onArrow((right, down) => moveFrom(id, right, down))(event);
}

/** Moves up or down along a side, or left or right to the nearest box of the other side.
 * @type {(id: string, right: number, down: number) => void} */
function moveFrom(id, right, down) {
    /** @type {(box: SVGElement) => { side: string, y: number }} */
    const place = ({ dataset }) => ({ side: stackName(dataset.box ?? ""), y: Number(dataset.y) });
    const boxes = mapBoxes(),
        here = place(/** @type {SVGElement} */ (boxes.find((box) => box.dataset.box === id)));
    const side = right < 0 ? "encoder" : right > 0 ? "decoder" : here.side,
        column = boxes.filter((box) => place(box).side === side).sort((a, b) => place(a).y - place(b).y);
    /** @type {(box: SVGElement) => number} */
    const distance = (box) => Math.abs(place(box).y - here.y);
    const next =
        side === here.side
            ? column[column.findIndex((box) => box.dataset.box === id) + down]
            : column.reduce((a, b) => (distance(b) < distance(a) ? b : a));
    if (!next) return;
    chooseBox(/** @type {string} */ (next.dataset.box));
    next.focus();
}
