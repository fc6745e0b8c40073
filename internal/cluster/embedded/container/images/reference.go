package images

import (
	"fmt"
	"strings"

	"github.com/distribution/reference"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// parse reads what a user wrote as containerd does: "nginx" is docker.io/library/nginx:latest.
func parse(ref string) (reference.Named, error) {
	named, err := reference.ParseDockerRef(ref)
	if err != nil {
		return nil, status.Errorf(codes.InvalidArgument, "failed to parse image reference %q: %v", ref, err)
	}
	return named, nil
}

// find looks an image up in the registries. Its errors are those of a pull.
func (c *Catalogue) find(named reference.Named) (*Image, error) {
	if digested, ok := named.(reference.Digested); ok {
		if image := c.byDigest[named.Name()+"@"+string(digested.Digest())]; image != nil {
			return image, nil
		}
	} else if image := c.byTag[named.String()]; image != nil {
		return image, nil
	}
	return nil, c.refuse(named)
}

// refuse is the registry's answer for an image that is not there, as containerd passes it on.
func (c *Catalogue) refuse(named reference.Named) error {
	ref := named.String()
	code, why := codes.Unknown, ""
	switch registry := reference.Domain(named); {
	case c.repositories[named.Name()]:
		code, why = codes.NotFound, ref+": not found"
	case registry == "docker.io":
		why = "pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed"
	case c.registries[registry]:
		code, why = codes.NotFound, ref+": not found"
	default:
		host, _, _ := strings.Cut(registry, ":")
		why = fmt.Sprintf("failed to do request: Head %q: dial tcp: lookup %s: no such host", manifestURL(registry, named), host)
	}
	return status.Errorf(code, "failed to pull and unpack image %q: failed to resolve reference %q: %s", ref, ref, why)
}

func manifestURL(registry string, named reference.Named) string {
	version := "latest"
	if tagged, ok := named.(reference.Tagged); ok {
		version = tagged.Tag()
	}
	if digested, ok := named.(reference.Digested); ok {
		version = string(digested.Digest())
	}
	return fmt.Sprintf("https://%s/v2/%s/manifests/%s", registry, reference.Path(named), version)
}

// Normalize completes a reference as a node reports it: "nginx" is
// "docker.io/library/nginx:latest". What is no reference comes back as it is.
func Normalize(ref string) string {
	named, err := reference.ParseDockerRef(ref)
	if err != nil {
		return ref
	}
	return named.String()
}
