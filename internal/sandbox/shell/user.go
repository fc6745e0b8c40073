package shell

import (
	"context"
	"slices"
	"strconv"
	"strings"
)

// user is who the process runs as.
func (p *Proc) user() User { return p.container.config.User }

// userName is the user's name if it has one: only root is known in a container.
func (p *Proc) userName() string {
	if id := p.user().UID; id != 0 {
		return strconv.FormatInt(id, 10)
	}
	return "root"
}

// sign is the end of a prompt.
func (p *Proc) sign() string {
	if p.user().UID != 0 {
		return "$"
	}
	return "#"
}

// idProgram prints who the process runs as.
func idProgram(_ context.Context, p *Proc) int {
	o, _, bad := p.options("ugnrG", "")
	if bad {
		return 1
	}
	u := p.user()
	switch {
	case o.has('G'):
		p.printf("%s\n", strings.Join(idNames(u.groups(), false), " "))
	case len(o) == 0:
		p.printf("uid=%s gid=%s", idNames([]int64{u.UID}, true)[0], idNames([]int64{u.GID}, true)[0])
		if groups := u.groups(); u.UID == 0 || len(groups) > 0 {
			p.printf(" groups=%s", strings.Join(idNames(groups, true), ","))
		}
		p.printf("\n")
	default:
		id := u.UID
		if o.has('g') {
			id = u.GID
		}
		if o.has('n') {
			return p.printName(id)
		}
		p.printf("%d\n", id)
	}
	return 0
}

// groups are all of a user's, in order.
func (u User) groups() []int64 {
	all := append([]int64{u.GID}, u.Groups...)
	slices.Sort(all)
	return slices.Compact(all)
}

// idNames are ids, root's with its name.
func idNames(ids []int64, names bool) []string {
	var out []string
	for _, id := range ids {
		text := strconv.FormatInt(id, 10)
		if id == 0 && names {
			text += "(root)"
		}
		out = append(out, text)
	}
	return out
}

func (p *Proc) printName(id int64) int {
	if id != 0 {
		return p.fail("unknown ID %d", id)
	}
	p.printf("root\n")
	return 0
}

func whoamiProgram(_ context.Context, p *Proc) int {
	if id := p.user().UID; id != 0 {
		return p.fail("unknown uid %d", id)
	}
	p.printf("root\n")
	return 0
}
