package lesson

import (
	"regexp"
	"testing"
)

func TestRight(t *testing.T) {
	free := Question{pattern: regexp.MustCompile(`(?is)^(?:0|none)$`), Answer: []string{"0|none"}}
	choose := Question{Choices: []string{"Nothing", "It grows", "b"}, Answer: []string{"It grows"}}
	several := Question{Choices: []string{"1", "2", "3"}, Answer: []string{"1", "3"}}
	tests := []struct {
		name   string
		q      Question
		answer string
		want   bool
	}{
		{"free", free, " 0 ", true},
		{"free, case", free, "NONE", true},
		{"free, only a part", free, "none of them", false},
		{"free, empty", free, "", false},
		{"text", choose, "it grows", true},
		{"a text that is a letter", choose, "b", false},
		{"letter of another", choose, "a", false},
		{"empty", choose, "", false},
		{"unknown", choose, "z", false},
		{"one of several", several, "c", true},
		{"wrong one of several", several, "B", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.q.Right(tt.answer); got != tt.want {
				t.Errorf("Right(%q) = %v", tt.answer, got)
			}
		})
	}
}
