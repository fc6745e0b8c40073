package servers

import (
	"io/fs"
	"net/http"
	"path"
	"strings"

	"github.com/k8slab/k8slab/internal/sandbox/files"
)

// contentTypes are those of the common extensions. What the host knows about types is none of a
// container's business.
func contentTypes() map[string]string {
	types := map[string]string{}
	for kind, extensions := range map[string]string{
		"text/html": "html htm shtml", "text/css": "css", "text/xml": "xml", "text/plain": "txt", "image/gif": "gif", "image/jpeg": "jpeg jpg",
		"application/javascript": "js", "application/json": "json", "application/pdf": "pdf", "application/zip": "zip",
		"image/png": "png", "image/svg+xml": "svg svgz", "image/webp": "webp", "image/x-icon": "ico", "font/woff": "woff", "font/woff2": "woff2",
		"application/wasm": "wasm", "audio/mpeg": "mp3", "video/mp4": "mp4", "video/webm": "webm",
	} {
		for _, extension := range strings.Fields(extensions) {
			types[extension] = kind
		}
	}
	return types
}

// sendFile answers with an open file of the given type; "" is for no type at all.
func sendFile(w http.ResponseWriter, req *http.Request, f *files.File, info fs.FileInfo, kind string) {
	w.Header()["Content-Type"] = nil // or somebody guesses from the content
	if kind != "" {
		w.Header().Set("Content-Type", kind)
	}
	http.ServeContent(w, req, info.Name(), info.ModTime(), f)
}

// extension is that of a file's name, without the dot.
func extension(name string) string { return strings.TrimPrefix(path.Ext(name), ".") }
