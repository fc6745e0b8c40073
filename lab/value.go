package lab

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// normal returns a value as what an author means by it: what a pointer points
// to, an int64 or a float64 for a number, a string for a named string. A nil
// pointer is nil.
func normal(v any) any {
	switch x := v.(type) {
	case nil:
		return nil
	case time.Duration:
		return x
	case Count:
		return int64(x.value)
	case Pods:
		return x.Names()
	case resource.Quantity:
		return x.String()
	case intstr.IntOrString:
		if x.Type == intstr.Int {
			return int64(x.IntVal)
		}
		return x.StrVal
	}
	r := reflect.ValueOf(v)
	switch {
	case r.Kind() == reflect.Pointer && r.IsNil():
		return nil
	case r.Kind() == reflect.Pointer:
		return normal(r.Elem().Interface())
	case r.CanInt():
		return r.Int()
	case r.CanUint() && r.Uint() < 1<<63:
		return int64(r.Uint())
	case r.CanFloat():
		return r.Float()
	case r.Kind() == reflect.String:
		return r.String()
	case r.Kind() == reflect.Bool:
		return r.Bool()
	default:
		return v
	}
}

// same compares two normal values.
func same(a, b any) bool {
	if _, ok := a.(int64); ok && reflect.TypeOf(a) == reflect.TypeOf(b) {
		return a == b // exactly, which a float64 is not above 2^53
	}
	x, xok := number(a)
	y, yok := number(b)
	if xok && yok {
		return x == y
	}
	return reflect.DeepEqual(a, b)
}

func number(v any) (float64, bool) {
	switch x := normal(v).(type) {
	case int64:
		return float64(x), true
	case float64:
		return x, true
	case time.Duration:
		return float64(x), true
	default:
		return 0, false
	}
}

// text is how a normal value is quoted in a message.
func text(v any) string {
	switch x := v.(type) {
	case nil:
		return "nothing"
	case string:
		return strconv.Quote(x)
	case time.Duration:
		return short(x)
	case []string:
		return enumerate(x)
	default:
		return fmt.Sprintf("%v", x)
	}
}

// enumerate lists names in their order.
func enumerate(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// short is a duration as it is read in a message: to the tenth of a second, and
// below a second to the millisecond.
func short(d time.Duration) string {
	if d < time.Second && d > -time.Second {
		return d.Round(time.Millisecond).String()
	}
	return d.Round(100 * time.Millisecond).String()
}
