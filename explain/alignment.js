// The pieces of both sides, and cross-attention between them.
"use strict";

// weights[t][s] of the chosen heads: "mean" of all, "decoder.L.cross_attention" for a layer's mean, with " h" one head.
function alignedWeights() {
    const [chosen, onlyHead] = view.aligned.split(" "),
        { n_layers, n_heads } = checkpoint.decoder;
    const layers =
        chosen === "mean" ? Array.from({ length: n_layers }, (_, l) => `decoder.${l}.cross_attention`) : [chosen];
    const heads = onlyHead === undefined ? Array.from({ length: n_heads }, (_, h) => h) : [Number(onlyHead)];
    const all = layers.flatMap((name) => heads.map((head) => attentionHead(name, head)));
    return sentence().target.map((_, t) => {
        const rows = all.map((head) => head.weights(t));
        return sentence().source.map((_, s) => rows.reduce((sum, row) => sum + row[s], 0) / rows.length);
    });
}

function drawAlignedChoice() {
    const { n_layers, n_heads } = checkpoint.decoder,
        options = [html("option", { value: "mean" }, "mean of all")];
    for (let l = 0; l < n_layers; l++) {
        const name = `decoder.${l}.cross_attention`;
        options.push(html("option", { value: name }, `${name}, mean`));
        for (let h = 0; h < n_heads; h++) options.push(html("option", { value: `${name} ${h}` }, `${name}, head ${h}`));
    }
    byId("aligned").replaceChildren(...options);
    byId("aligned").value = view.aligned;
    byId("aligned").onchange = (event) => {
        view.aligned = event.target.value;
        drawAlignment();
    };
}

function drawAlignment() {
    const weights = alignedWeights(),
        room = byId("pieces");
    const lines = svg("svg", { "aria-hidden": "true" });
    const button = (side) => (text, i) =>
        html(
            "button",
            {
                type: "button",
                class: side,
                tabindex: side === "source" && i === 0 ? 0 : -1,
                onpointerenter: () => show(side, i),
                onfocus: () => show(side, i),
                onkeydown: (event) => step(event, side, i),
            },
            piece(text),
        );
    const source = sourcePieces().map(button("source")),
        target = targetPieces().map(button("target"));
    room.className = "across";
    room.replaceChildren(
        lines,
        html("div", { class: "side", lang: checkpoint.source_language }, ...source),
        html("div", { class: "side", lang: checkpoint.target_language }, ...target),
    );
    room.onpointerleave = () => show(null);
    const width = (buttons) => buttons.reduce((sum, of) => sum + of.offsetWidth + 4, 0);
    const across = Math.max(width(source), width(target)) <= room.clientWidth;
    room.className = across ? "across" : "down";
    room.style.setProperty("--n-pieces", Math.max(source.length, target.length));

    const end = (of, near) => {
        const box = of.getBoundingClientRect(),
            from = room.getBoundingClientRect();
        return across
            ? [box.left + box.width / 2 - from.left, (near ? box.top : box.bottom) - from.top]
            : [(near ? box.left : box.right) - from.left, box.top + box.height / 2 - from.top];
    };
    const curve = ([x1, y1], [x2, y2]) =>
        across
            ? `M${x1} ${y1}C${x1} ${(y1 + y2) / 2} ${x2} ${(y1 + y2) / 2} ${x2} ${y2}`
            : `M${x1} ${y1}C${(x1 + x2) / 2} ${y1} ${(x1 + x2) / 2} ${y2} ${x2} ${y2}`;
    for (let t = 0; t < target.length; t++)
        for (let s = 0; s < source.length; s++)
            if (weights[t][s] >= 0.04)
                lines.append(
                    svg("path", {
                        d: curve(end(source[s], false), end(target[t], true)),
                        "data-s": s,
                        "data-t": t,
                        "stroke-width": 0.5 + 5 * weights[t][s],
                        "stroke-opacity": 0.15 + 0.85 * weights[t][s],
                    }),
                );

    // The lines of one piece, and the shares on the other side; of none: all lines.
    function show(side, i) {
        const share = (of, j) =>
            side === "source" ? (of === "target" ? weights[j][i] : 0) : of === "source" ? weights[i][j] : 0;
        for (const [of, buttons] of [
            ["source", source],
            ["target", target],
        ])
            buttons.forEach((b, j) => {
                const w = side ? share(of, j) : 0;
                b.style.background = w >= 0.02 ? weightColour(w) : "";
                b.classList.toggle("strong", w > 0.62);
                b.classList.toggle("chosen", side === of && i === j);
            });
        for (const path of lines.children)
            path.classList.toggle("off", Boolean(side) && path.dataset[side[0]] !== String(i));
        const numbers =
            side === "target"
                ? ["took from ", ...shares(weights[i], sourcePieces())]
                : side
                  ? [
                        "gave to ",
                        ...shares(
                            weights.map((row) => row[i]),
                            targetPieces(),
                        ),
                    ]
                  : [];
        byId("aligned-numbers").replaceChildren(
            ...(side
                ? [piece((side === "source" ? sourcePieces : targetPieces)()[i]), " ", ...numbers]
                : ["Point at a piece for its numbers."]),
        );
    }
    const shares = (of, pieces) =>
        of
            .map((w, j) => [w, pieces[j]])
            .filter(([w]) => w >= 0.02)
            .sort((a, b) => b[0] - a[0])
            .slice(0, 6)
            .flatMap(([w, text], n) => [n ? ", " : "", piece(text), ` ${format(w, 2)}`]);

    function step(event, side, i) {
        const by = ARROWS[event.key];
        if (!by) return;
        event.preventDefault();
        const [along, over] = across ? by : [by[1], by[0]];
        const buttons = over > 0 || (over === 0 && side === "target") ? target : source;
        buttons[Math.min(Math.max(i + along, 0), buttons.length - 1)].focus();
    }
    show(null);
}
