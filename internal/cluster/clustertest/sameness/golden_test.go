package sameness

import (
	"slices"
	"strings"
	"testing"
)

func TestGoldenIsReadAsWritten(t *testing.T) {
	const text = "Pod a\nkind:   not scheduled: 0/3 nodes\nembedded:   not scheduled: 0/2 nodes\n  note: embedded: is no mark here\n"
	g := parseGolden(text)
	if got := g.String(); got != text {
		t.Errorf("written as\n%s", got)
	}
	if got, want := g.Of("embedded"), []string{"Pod a", "  not scheduled: 0/2 nodes", "  note: embedded: is no mark here"}; !slices.Equal(got, want) {
		t.Errorf("embedded shows %q, want %q", got, want)
	}
	if !g.Differs() || parseGolden("Pod a\n").Differs() {
		t.Error("Differs tells marked lines from others by something else")
	}
}

func TestGoldenWith(t *testing.T) {
	for _, test := range []struct {
		name, before, provider, shows, want string
	}{
		{"of nothing it is everybody's", "", "kind", "a b", "a b"},
		{"what is the same stays so", "a b", "embedded", "a b", "a b"},
		{"what differs is marked", "a b c", "embedded", "a x c", "a kind:b embedded:x c"},
		{"what is more is marked", "a", "kind", "a b", "a kind:b"},
		{"what is less is the other's", "a b", "kind", "a", "a embedded:b"},
		{"a mark goes with its reason", "a kind:b embedded:x c", "embedded", "a b c", "a b c"},
		{"and stays with it", "a kind:b embedded:x", "kind", "a y", "a embedded:x kind:y"},
	} {
		t.Run(test.name, func(t *testing.T) {
			lines := func(words string) string { return strings.ReplaceAll(strings.ReplaceAll(words, " ", "\n"), ":", ": ") }
			before := Golden(nil)
			if test.before != "" {
				before = parseGolden(lines(test.before) + "\n")
			}
			got := before.With(test.provider, strings.Fields(test.shows)).String()
			if want := lines(test.want) + "\n"; got != want {
				t.Errorf("got\n%swant\n%s", got, want)
			}
		})
	}
}
