package timeline

type views struct{}
type index struct{}

func indexOf([]Entry) *index { return &index{} }
