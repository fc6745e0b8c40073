package container

import (
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/k8slab/k8slab/internal/sandbox/shell"
)

// userCapability begins a capability that says whom a container runs as: UID, GID and the Pod's
// fsGroup, with colons between them; each may be empty. Whoever feeds Pods to the kubelet puts it in
// place of the users, which the kubelet would chown volumes to, and a kubelet that does not run as
// root cannot.
const userCapability = "k8slab.io/user="

// UserCapability returns the capability that stands for the users of a container's effective
// security context, or "" if it has none. Each of the arguments may be nil.
func UserCapability(user, group, fsGroup *int64) corev1.Capability {
	if user == nil && group == nil && fsGroup == nil {
		return ""
	}
	var ids []string
	for _, id := range []*int64{user, group, fsGroup} {
		text := ""
		if id != nil {
			text = strconv.FormatInt(*id, 10)
		}
		ids = append(ids, text)
	}
	return corev1.Capability(userCapability + strings.Join(ids, ":"))
}

// user is whom the container's processes run as.
func (c *container) user() shell.User {
	context := c.config.GetLinux().GetSecurityContext()
	user := shell.User{Groups: context.GetSupplementalGroups()}
	for _, capability := range context.GetCapabilities().GetAddCapabilities() {
		text, ok := strings.CutPrefix(capability, userCapability)
		ids := strings.Split(text, ":")
		if !ok || len(ids) != 3 {
			continue
		}
		user.UID, _ = strconv.ParseInt(ids[0], 10, 64) // 0 if there is none
		user.GID, _ = strconv.ParseInt(ids[1], 10, 64)
		if fsGroup, err := strconv.ParseInt(ids[2], 10, 64); err == nil {
			user.Groups = append(user.Groups, fsGroup)
		}
	}
	return user
}
