package lab

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/intstr"
)

func TestSame(t *testing.T) {
	three, name := int32(3), "web"
	fifth, percent := intstr.FromInt32(5), intstr.FromString("25%")
	tests := []struct {
		a, b any
		want bool
	}{
		{three, 3, true},
		{&three, 3, true},
		{&three, 4, false},
		{uint8(3), int64(3), true},
		{3.0, 3, true},
		{3.5, 3, false},
		{int64(1<<62 + 1), int64(1 << 62), false},
		{(*int32)(nil), 0, false},
		{(*int32)(nil), nil, true},
		{corev1.PodRunning, "Running", true},
		{&name, "web", true},
		{"3", 3, false},
		{true, true, true},
		{fifth, 5, true},
		{&percent, "25%", true},
		{resource.MustParse("1Gi"), "1Gi", true},
		{resource.MustParse("1Gi"), resource.MustParse("1024Mi"), true},
		{time.Second, time.Second, true},
		{time.Second, 2 * time.Second, false},
		{map[string]string{"a": "b"}, map[string]string{"a": "b"}, true},
		{[]string{"a"}, []string{"b"}, false},
	}
	for _, test := range tests {
		if got := same(normal(test.a), normal(test.b)); got != test.want {
			t.Errorf("%#v and %#v: got %v", test.a, test.b, got)
		}
	}
}

func TestText(t *testing.T) {
	three := int32(3)
	for _, test := range []struct {
		v    any
		want string
	}{
		{&three, "3"},
		{(*int32)(nil), "nothing"},
		{corev1.PodRunning, `"Running"`},
		{2.5, "2.5"},
		{1234 * time.Millisecond, "1.2s"},
		{999 * time.Millisecond, "999ms"},
		{[]string{"a", "b"}, "a, b"},
	} {
		if got := text(normal(test.v)); got != test.want {
			t.Errorf("%#v: got %s, want %s", test.v, got, test.want)
		}
	}
}
