package main

// series are samples of one thing, taken at equal distances of a run.
type series struct {
	what   string
	unit   string
	allow  float64 // how much it may grow over the run
	values []float64
}

// warmUp is the part of a run whose samples are left out: caches fill, the heap
// finds its size.
const warmUp = 0.25

func (s series) last() float64 { return s.values[len(s.values)-1] }

// steady are the samples that count.
func (s series) steady() []float64 {
	return s.values[int(float64(len(s.values))*warmUp):]
}

// growth is how much larger the thing is at the end of the steady part than at
// its beginning, by the line that fits the samples best: no single sample decides.
func (s series) growth() float64 {
	values := s.steady()
	n := float64(len(values))
	if n < 2 {
		return 0
	}
	meanX, meanY := (n-1)/2, mean(values)
	var above, below float64
	for i, v := range values {
		x := float64(i) - meanX
		above += x * (v - meanY)
		below += x * x
	}
	return above / below * (n - 1)
}

func (s series) grewTooMuch() bool { return s.growth() > s.allow }

func mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(max(1, len(values)))
}
