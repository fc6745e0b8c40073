package lesson

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// attributes are what stands in braces behind a heading or a fence:
// {#id word key=value}. One syntax for both, because people should not have to
// remember two.
type attributes struct {
	id     string
	words  []string
	values map[string]string
}

// cutAttributes splits "text {…}" into the text and what is in the braces. ok is
// false if there are no braces at the end.
func cutAttributes(s string) (text, inside string, ok bool) {
	s = strings.TrimSpace(s)
	open := strings.LastIndex(s, "{")
	if open < 0 || !strings.HasSuffix(s, "}") {
		return s, "", false
	}
	return strings.TrimSpace(s[:open]), s[open+1 : len(s)-1], true
}

// parseAttributes reads what is in the braces.
func parseAttributes(inside string) (attributes, error) {
	a := attributes{values: map[string]string{}}
	for _, f := range strings.Fields(inside) {
		if err := a.add(f); err != nil {
			return a, err
		}
	}
	return a, nil
}

func (a *attributes) add(f string) error {
	key, value, pair := strings.Cut(f, "=")
	value = strings.Trim(value, `"`)
	switch {
	case strings.HasPrefix(f, "#"):
		return a.setID(f[1:])
	case pair && (key == "" || value == ""):
		return fmt.Errorf("%q is not key=value", f)
	case pair && a.values[key] != "":
		return fmt.Errorf("%s is there twice", key)
	case pair:
		a.values[key] = value
	default:
		a.words = append(a.words, f)
	}
	return nil
}

func (a *attributes) setID(id string) error {
	switch {
	case a.id != "":
		return errors.New("there are two ids")
	case !isLabel(id):
		return fmt.Errorf("%q is no id", id)
	}
	a.id = id
	return nil
}

// only returns the first attribute that is none of the allowed ones, or "".
func (a attributes) only(id bool, words, keys []string) string {
	if a.id != "" && !id {
		return "#" + a.id
	}
	for _, w := range a.words {
		if !slices.Contains(words, w) {
			return w
		}
	}
	for _, k := range slices.Sorted(maps.Keys(a.values)) {
		if !slices.Contains(keys, k) {
			return k
		}
	}
	return ""
}

// isLabel reports whether s is a DNS label as Kubernetes has them (RFC 1123).
func isLabel(s string) bool {
	const allowed = "abcdefghijklmnopqrstuvwxyz0123456789-"
	return s != "" && len(s) <= 63 && strings.Trim(s, allowed) == "" &&
		!strings.HasPrefix(s, "-") && !strings.HasSuffix(s, "-")
}

// labelRule is how isLabel is told to people.
const labelRule = "Use lower-case letters, digits and dashes, at most 63 of them, no dash at either end."
