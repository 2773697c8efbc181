package journal

import (
	"encoding/json"
	"net/http"
)

// AdminHandler answers subcommands about the journal's copies: POST /journal/verify
// compares all of them now, as the scrub does, and gives the report as JSON. What is
// damaged is healed; the report says so.
func (g *Guard) AdminHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /journal/verify", g.serveVerify)
	return mux
}

func (g *Guard) serveVerify(w http.ResponseWriter, r *http.Request) {
	report, err := g.Scrub(r.Context())
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(report) // the other side left
}
