package picture

// styles are those of an image. Colours are told apart by people who see few of them,
// too; and no two states differ in their colour only. Everything is below one class, so
// that a page can hold several images.
const styles = `
.k8slab{font:12px system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
.k8slab text{fill:#1f2328}
.k8slab .back{fill:#fff}
.k8slab .halo{paint-order:stroke;stroke:#fff;stroke-width:5px;stroke-linejoin:round}
.k8slab .h1{font-size:15px;font-weight:600}
.k8slab .h2{font-size:13px;font-weight:600}
.k8slab .dim{fill:#59636e}
.k8slab .label{font:11px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}
.k8slab .end{text-anchor:end}
.k8slab .mid{text-anchor:middle}
.k8slab .on{font:bold 10px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;text-anchor:middle;pointer-events:none}
.k8slab .r0{fill:#1f6fb2}.k8slab .r1{fill:#b35900}.k8slab .r2{fill:#1a7f4b}.k8slab .r3{fill:#8250c4}.k8slab .r4{fill:#7d6b00}.k8slab .rx{fill:#6e7781}
.k8slab .r0s{stroke:#1f6fb2}.k8slab .r1s{stroke:#b35900}.k8slab .r2s{stroke:#1a7f4b}.k8slab .r3s{stroke:#8250c4}.k8slab .r4s{stroke:#7d6b00}.k8slab .rxs{stroke:#6e7781}
.k8slab .r0t,.k8slab .r1t,.k8slab .r2t,.k8slab .r3t,.k8slab .r4t{fill:#fff}
.k8slab .pend{fill:none;stroke-width:1;stroke-dasharray:3 2}
.k8slab .soft{opacity:.55}
.k8slab .faint{opacity:.32}
.k8slab .hatch{pointer-events:none}
.k8slab .wait{fill:#fff1f0;stroke:#cf222e;stroke-width:1}
.k8slab .succeeded{fill:#1a7f4b}.k8slab .failed{fill:#cf222e}
.k8slab .pause{stroke:#59636e;stroke-width:1.2;stroke-dasharray:5 4}
.k8slab .part{fill:none;stroke:#1f2328;stroke-width:1.6;stroke-dasharray:6 2}
.k8slab .rule{stroke:#eaeef2;stroke-width:1}
.k8slab .grid{stroke:#d8dee4;stroke-width:1}
.k8slab .axis{stroke:#8c959f;stroke-width:1}
.k8slab .cmd{stroke:#8c959f;stroke-width:1;stroke-dasharray:1 3}
.k8slab .step{stroke:#59636e;stroke-width:1}
.k8slab .fold{fill:#f6f8fa;opacity:.85}
.k8slab .all{fill:#d8dee4}.k8slab .pods{fill:#afb8c1}.k8slab .avail{fill:#6e7781}
.k8slab .limit{fill:none;stroke:#cf222e;stroke-width:1.3;stroke-dasharray:5 3}
.k8slab g text{font:bold 9px system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;text-anchor:middle}
.k8slab .badge circle{fill:#fff;stroke:#59636e}
.k8slab .bad circle{stroke:#cf222e}.k8slab .bad text,.k8slab .badt{fill:#cf222e}
.k8slab .sign circle{fill:#fff8c5;stroke:#7d4e00}
.k8slab g.end circle{fill:#fff}.k8slab g.succeeded circle{stroke:#1a7f4b}.k8slab g.failed circle{stroke:#cf222e}
.k8slab g.succeeded text,.k8slab .tpassed{fill:#1a7f4b}.k8slab g.failed text,.k8slab .tfailed,.k8slab .terror{fill:#cf222e}
.k8slab .ev circle{fill:#fff;stroke:#cf222e;stroke-width:2}.k8slab .ev.passed circle{stroke:#1a7f4b}.k8slab .ev.waiting circle{stroke:#7d4e00}
.k8slab .ev.passed text{fill:#1a7f4b}.k8slab .ev.failed text{fill:#cf222e}
.k8slab .pl{stroke:#fff}.k8slab .pw{stroke:#cf222e}.k8slab .px{stroke:#1f2328}.k8slab .pf{stroke:#d0d7de}
@media (prefers-color-scheme:dark){
.k8slab text{fill:#e6edf3}
.k8slab .back{fill:#0d1117}
.k8slab .halo{stroke:#0d1117}
.k8slab .dim{fill:#9198a1}
.k8slab .r0{fill:#6cb6ff}.k8slab .r1{fill:#f0a04b}.k8slab .r2{fill:#63cf8a}.k8slab .r3{fill:#c79bf2}.k8slab .r4{fill:#d8cf63}.k8slab .rx{fill:#9198a1}
.k8slab .r0s{stroke:#6cb6ff}.k8slab .r1s{stroke:#f0a04b}.k8slab .r2s{stroke:#63cf8a}.k8slab .r3s{stroke:#c79bf2}.k8slab .r4s{stroke:#d8cf63}.k8slab .rxs{stroke:#9198a1}
.k8slab .r0t,.k8slab .r1t,.k8slab .r2t,.k8slab .r3t,.k8slab .r4t{fill:#0d1117}
.k8slab .wait{fill:#2d1214;stroke:#ff7b72}
.k8slab .succeeded{fill:#63cf8a}.k8slab .failed{fill:#ff7b72}
.k8slab .pause{stroke:#9198a1}.k8slab .part{stroke:#e6edf3}
.k8slab .rule{stroke:#1c2128}.k8slab .grid{stroke:#2a313c}.k8slab .axis,.k8slab .cmd,.k8slab .step{stroke:#6e7681}
.k8slab .fold{fill:#161b22}
.k8slab .all{fill:#2a313c}.k8slab .pods{fill:#444c56}.k8slab .avail{fill:#768390}
.k8slab .limit{stroke:#ff7b72}
.k8slab .badge circle,.k8slab g.end circle,.k8slab .ev circle{fill:#0d1117}.k8slab .badge circle{stroke:#9198a1}
.k8slab .bad circle,.k8slab g.failed circle,.k8slab .ev circle{stroke:#ff7b72}.k8slab .bad text,.k8slab .badt,.k8slab g.failed text,.k8slab .tfailed,.k8slab .terror,.k8slab .ev.failed text{fill:#ff7b72}
.k8slab g.succeeded circle,.k8slab .ev.passed circle{stroke:#63cf8a}.k8slab g.succeeded text,.k8slab .tpassed,.k8slab .ev.passed text{fill:#63cf8a}
.k8slab .sign circle{fill:#3b2f00;stroke:#d8cf63}.k8slab .ev.waiting circle{stroke:#d8cf63}
.k8slab .pl{stroke:#0d1117}.k8slab .pw{stroke:#ff7b72}.k8slab .px{stroke:#e6edf3}.k8slab .pf{stroke:#30363d}
}
`

// patterns lie over shapes: h for what is not ready, w for what waits, x for what
// terminates and f for folded time.
const patterns = `
<pattern id="IDh" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><line class="pl" x1="0" y1="0" x2="0" y2="5" stroke-width="3"/></pattern>
<pattern id="IDw" width="6" height="6" patternUnits="userSpaceOnUse"><path class="pw" d="M3 1V3.6M3 4.4V5" stroke-width="1.1"/></pattern>
<pattern id="IDx" width="6" height="6" patternUnits="userSpaceOnUse"><path class="px" d="M0 0L6 6M6 0L0 6" stroke-width=".6" opacity=".55"/></pattern>
<pattern id="IDf" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(30)"><line class="pf" x1="0" y1="0" x2="0" y2="7" stroke-width="1.5"/></pattern>
`
