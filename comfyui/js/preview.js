// While a node works, ComfyUI shows its newest frame, and goes on to show that in place of the finished video. When a
// node has been executed, its last frame is forgotten here, so that the result is seen.
import { app } from "../../scripts/app.js"
import { api } from "../../scripts/api.js"

api.addEventListener("executed", ({ detail }) => {
    const node = app.graph.getNodeById(detail.display_node ?? detail.node)
    if (!node?.type?.startsWith("FairyEdit")) return
    for (const address of app.nodePreviewImages[node.id] ?? []) URL.revokeObjectURL(address)
    delete app.nodePreviewImages[node.id]
    const frame = node.widgets?.findIndex(widget => widget.name === "$$canvas-image-preview") ?? -1
    if (node.type !== "FairyEditVideo" || frame < 0) return
    node.widgets.splice(frame, 1)
    node.imgs = undefined
})
