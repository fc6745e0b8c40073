package dialect

import "fmt"

// ResultOrder returns named results in another order.
func ResultOrder() string {
	first, last := ends()
	return fmt.Sprint(first, last)
}

func ends() (low, high int) {
	low = 1
	high = 2
	return high, low
}
