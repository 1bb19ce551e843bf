package termdoc

import (
	"encoding/json"
	"strings"
)

// completion is what an editor shows of a term while somebody types its name.
type completion struct {
	Forms   []string `json:"forms"`
	Text    string   `json:"text"`
	Options []string `json:"options,omitempty"`
}

// Completion gives the forms, the first sentences and the names of the options of all terms as JSON, by what they are called.
func Completion(entries []*Entry) (string, error) {
	all := map[string]completion{}
	for _, e := range entries {
		c := completion{Text: plain(e.Text[0])}
		for _, f := range e.Forms {
			c.Forms = append(c.Forms, f.Text)
		}
		for _, o := range e.Options {
			c.Options = append(c.Options, o.Name)
		}
		names := map[string]bool{e.Name(): true}
		for _, f := range e.Forms {
			names[f.Name] = true
		}
		for name := range names {
			all[name] = c
		}
	}
	out := &strings.Builder{}
	encoder := json.NewEncoder(out) // writes the names in their order
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", " ")
	err := encoder.Encode(all)
	return out.String(), err
}

// plain is the text of a paragraph without the marks of Markdown: links become their texts.
func plain(markdown string) string {
	out := &strings.Builder{}
	for markdown != "" {
		before, rest, found := strings.Cut(markdown, "[")
		text, after, linked := strings.Cut(rest, "](")
		_, end, closed := strings.Cut(after, ")")
		out.WriteString(before)
		switch {
		case !found:
			markdown = ""
		case linked && closed && !strings.ContainsAny(text, "[]"):
			out.WriteString(text)
			markdown = end
		default:
			out.WriteString("[")
			markdown = rest
		}
	}
	return strings.ReplaceAll(out.String(), "`", "")
}
