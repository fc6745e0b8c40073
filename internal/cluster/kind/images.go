package kind

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
	"sigs.k8s.io/kind/pkg/cluster/nodes"
	"sigs.k8s.io/kind/pkg/cluster/nodeutils"

	"github.com/k8slab/k8slab/internal/cluster"
)

// loadImages gives the nodes those of the lab's images that the engine has and they
// have not: nothing has to be pulled for them then. What goes wrong costs time only,
// since nodes pull by themselves.
func (c *creation) loadImages(ctx context.Context) error {
	err := c.loadLocal(ctx)
	if err != nil && ctx.Err() == nil {
		c.log.failure(err)
		c.log.phase("Images of the Docker engine could not be loaded; the nodes will pull them")
	}
	return ctx.Err()
}

func (c *creation) loadLocal(ctx context.Context) error {
	var local []string
	for _, image := range c.images {
		if c.engine.hasImage(ctx, image) {
			local = append(local, image)
		}
	}
	if len(local) == 0 {
		return nil
	}
	all, err := c.kind.ListInternalNodes(c.name)
	if err != nil {
		return fmt.Errorf("list the nodes: %w", err)
	}
	missing := missingOn(all, local)
	if len(missing) == 0 {
		return nil
	}
	c.log.phase("Loading " + strings.Join(missing, ", ") + " into the nodes")
	archive := filepath.Join(c.dir, "images.tar")
	defer func() { _ = os.Remove(archive) }() // the nodes have it, or will not get it
	if err := c.engine.save(ctx, archive, missing); err != nil {
		return err
	}
	var loads errgroup.Group
	for _, node := range all {
		loads.Go(func() error { return load(node, archive) })
	}
	return loads.Wait()
}

// missingOn returns the images that one of the nodes has not.
func missingOn(all []nodes.Node, images []string) []string {
	return slices.DeleteFunc(slices.Clone(images), func(image string) bool {
		return !slices.ContainsFunc(all, func(n nodes.Node) bool {
			_, err := nodeutils.ImageID(n, image)
			return err != nil
		})
	})
}

func load(node nodes.Node, archive string) error {
	f, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := nodeutils.LoadImageArchive(node, f); err != nil {
		return fmt.Errorf("load images into %s: %w", node, err)
	}
	return nil
}

// NodeImage is the node image that Create uses.
func (p Provider) NodeImage() string { return p.image() }

// SavedName is the name under which SaveImages puts an image into a file, and with
// which it comes out of it: an engine forgets digests on that way. It says which
// digest it had, and is no name of a registry, so that nothing else is taken for it.
func SavedName(image string) string {
	name, digest, pinned := strings.Cut(image, "@sha256:")
	if !pinned {
		return image
	}
	_, tag, _ := strings.Cut(name[strings.LastIndexByte(name, '/')+1:], ":")
	return fmt.Sprintf("k8slab/node:%s-%.12s", tag, digest)
}

// HasImage reports whether the Docker engine has an image, also if it came out of a
// file. Its errors are those of an engine that does not answer.
func HasImage(ctx context.Context, image string) (bool, error) {
	e := engine{}
	if _, err := e.cgroupVersion(ctx); err != nil {
		return false, imagesFault("look for "+shortImage(image), err)
	}
	return e.hasImage(ctx, image) || e.hasImage(ctx, SavedName(image)), nil
}

// SaveImages writes images into a file that LoadImages reads. Those that the engine
// does not have are pulled; tell is called with each before.
func SaveImages(ctx context.Context, file string, images []string, tell func(image string)) error {
	e := engine{}
	names := make([]string, len(images))
	for i, image := range images {
		names[i] = SavedName(image)
		if err := e.provide(ctx, image, names[i], tell); err != nil {
			return imagesFault("save images", err)
		}
	}
	if err := e.save(ctx, file, names); err != nil {
		return imagesFault("save images", err)
	}
	return nil
}

// provide has the engine have an image under a name.
func (e engine) provide(ctx context.Context, image, name string, tell func(string)) error {
	if e.hasImage(ctx, name) {
		return nil
	}
	if _, err := e.cgroupVersion(ctx); err != nil {
		return err
	}
	if !e.hasImage(ctx, image) {
		tell(image)
		if err := e.pull(ctx, image); err != nil {
			return &imageError{image: image, err: err}
		}
	}
	if name == image {
		return nil
	}
	_, err := e.run(ctx, "tag", image, name)
	return err
}

// LoadImages reads a file that SaveImages has written, and returns the images in it.
func LoadImages(ctx context.Context, file string) ([]string, error) {
	if _, err := os.Stat(file); err != nil {
		return nil, err
	}
	out, err := engine{}.run(ctx, "load", "--input", file)
	if err != nil {
		return nil, imagesFault("load images", err)
	}
	var images []string
	for line := range strings.Lines(string(out)) {
		if _, image, ok := strings.Cut(strings.TrimSpace(line), "Loaded image: "); ok {
			images = append(images, image)
		}
	}
	if len(images) == 0 {
		return nil, imagesFault("load images", errors.New("there is none in "+file))
	}
	return images, nil
}

// save writes images of the engine into a file.
func (e engine) save(ctx context.Context, file string, images []string) error {
	_, err := e.run(ctx, append([]string{"save", "--output", file}, images...)...)
	return err
}

func imagesFault(op string, err error) error {
	return &cluster.Error{Op: op, Hint: hint(err), Err: err}
}
