package lab

import (
	"slices"
	"testing"
	"time"
)

func TestEvidence(t *testing.T) {
	moment := func(at time.Duration, who string) Moment {
		return Moment{at: at, version: uint64(at), who: who, did: "was ready"}
	}
	web, other := moment(2*time.Second, "Deployment web"), moment(3*time.Second, "Pod web-1")
	count := Count{counted: true, value: 7, at: web}
	for name, c := range map[string]struct {
		check func(*T)
		want  []Evidence
	}{
		"a count above its limit":   {func(t *T) { t.Await(true, ""); t.AtMost(count, 6, "Pods") }, []Evidence{{2, "Deployment web"}}},
		"a count within its limit":  {func(t *T) { t.Await(true, ""); t.AtMost(count, 7, "Pods") }, []Evidence{{2, "Deployment web"}}},
		"what never should be":      {func(t *T) { t.Await(true, ""); t.Never(other, "it came") }, []Evidence{{3, "Pod web-1"}}},
		"in the wrong order":        {func(t *T) { t.InOrder(other, web) }, []Evidence{{3, "Pod web-1"}, {2, "Deployment web"}}},
		"in the right order":        {func(t *T) { t.InOrder(web, other) }, []Evidence{{2, "Deployment web"}, {3, "Pod web-1"}}},
		"what a claim quotes":       {func(t *T) { t.Equal(1, 1, "n, which came %s", other) }, []Evidence{{3, "Pod web-1"}}},
		"what was waited for":       {func(t *T) { t.Await(true, "%s", other) }, []Evidence{{3, "Pod web-1"}}},
		"a span":                    {func(t *T) { t.Within(web.Until(other), time.Millisecond, "it") }, []Evidence{{3, "Pod web-1"}}},
		"what a message quotes":     {func(t *T) { t.Errorf("%s came", other) }, []Evidence{{3, "Pod web-1"}}},
		"only of what has failed":   {func(t *T) { t.InOrder(web, other); t.Errorf("it is wrong") }, nil},
		"a state is no object":      {func(t *T) { t.Errorf("%s", moment(time.Second, "the state")) }, []Evidence{{1, ""}}},
		"not in this step":          {func(t *T) { t.Errorf("%s", Moment{who: "Pod web-1"}) }, nil},
		"the same again":            {func(t *T) { t.Errorf("a %s", other); t.Errorf("b %s", other) }, []Evidence{{3, "Pod web-1"}}},
		"a number is no evidence":   {func(t *T) { t.Equal(1, 2, "n") }, nil},
		"an error is nobody's fact": {func(t *T) { t.Never(other, "it came") }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if v := Judge(Case{Window: step(true)}, c.check); !slices.Equal(v.Evidence, c.want) {
				t.Errorf("got %+v, want %+v", v, c.want)
			}
		})
	}
}
