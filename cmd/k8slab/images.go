package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/k8slab/k8slab/internal/cluster/kind"
	"github.com/k8slab/k8slab/internal/runner/lesson"
)

type imagesOptions struct {
	from      course
	kindImage string
	save      string
	load      string
	output    outputFormat
}

// image is a line of `images`.
type image struct {
	Name  string   `json:"name"`
	For   []string `json:"for"`   // "nodes", or the names of lessons
	There bool     `json:"there"` // in the Docker engine
}

const forNodes = "nodes"

func newImagesCommand(s streams) *cobra.Command {
	o := imagesOptions{}
	c := &cobra.Command{
		Use:   "images",
		Short: "List, save or load the images of kind clusters and lessons",
		Long: `List the images that lessons need on kind clusters: that of the nodes, and those
of the Pods. What is in the Docker engine is not pulled: images of Pods are loaded
into the nodes from there.

For a room without a network, or with a slow one: save them to a file where there is
a network, and load that on each machine. The embedded cluster needs none of this.`,
		Example: `  k8slab images --save images.tar    pulls what is missing
  k8slab images --load images.tar`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return o.run(c.Context(), s) },
	}
	o.from.addTo(c)
	o.output.addTo(c, formatText, formatJSON, formatYAML, formatName)
	f := c.Flags()
	f.StringVar(&o.kindImage, "kind-image", os.Getenv("K8SLAB_KIND_IMAGE"), kindImageUsage)
	f.StringVar(&o.save, "save", "", "write all images to this file")
	f.StringVar(&o.load, "load", "", "read images from this file into the Docker engine")
	return c
}

func (o imagesOptions) run(ctx context.Context, s streams) error {
	switch {
	case o.load != "" && o.save != "":
		return &usageError{errors.New("--save and --load exclude each other"), "Save on one machine, and load on the others."}
	case o.load != "":
		return o.runLoad(ctx, s)
	}
	images, err := o.needed()
	if err != nil {
		return err
	}
	if o.save != "" {
		return o.runSave(ctx, s, images)
	}
	for i := range images {
		if o.output.value == formatName {
			break // names can be had without an engine
		}
		if images[i].There, err = kind.HasImage(ctx, images[i].Name); err != nil {
			return err
		}
	}
	return o.output.write(s.out, images, func() error { return printImages(s, images) }, func() error { return printImageNames(s, images) })
}

// needed returns the images that the nodes and the lessons need.
func (o imagesOptions) needed() ([]image, error) {
	images := []image{{Name: kind.Provider{Image: o.kindImage}.NodeImage(), For: []string{forNodes}}}
	all, err := o.from.open()
	if err != nil {
		return nil, err
	}
	names, err := lesson.List(all)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		l, err := lesson.Parse(all, name)
		if err != nil {
			return nil, err
		}
		for _, wanted := range l.Images {
			i := slices.IndexFunc(images, func(known image) bool { return known.Name == wanted })
			if i < 0 {
				i = len(images)
				images = append(images, image{Name: wanted})
			}
			images[i].For = append(images[i].For, name)
		}
	}
	return images, nil
}

func (o imagesOptions) runSave(ctx context.Context, s streams, images []image) error {
	names := make([]string, len(images))
	for i, image := range images {
		names[i] = image.Name
	}
	err := kind.SaveImages(ctx, o.save, names, func(image string) { fmt.Fprintf(s.err, "pulling %s\n", image) })
	if err != nil {
		return err
	}
	info, err := os.Stat(o.save)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.out, "%s: %d images, %d MB\n", o.save, len(names), info.Size()>>20)
	return err
}

func (o imagesOptions) runLoad(ctx context.Context, s streams) error {
	loaded, err := kind.LoadImages(ctx, o.load)
	if errors.Is(err, os.ErrNotExist) {
		return &usageError{fmt.Errorf("there is no file %s", o.load), "`k8slab images --save FILE` makes one."}
	}
	if err != nil {
		return err
	}
	for _, name := range loaded {
		if _, err := fmt.Fprintln(s.out, name); err != nil {
			return err
		}
	}
	return nil
}

func printImages(s streams, images []image) error {
	table := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "IMAGE\tTHERE\tFOR")
	for _, i := range images {
		there := "no"
		if i.There {
			there = "yes"
		}
		name, _, _ := strings.Cut(i.Name, "@")
		fmt.Fprintf(table, "%s\t%s\t%s\n", name, there, strings.Join(i.For, ", "))
	}
	return table.Flush()
}

func printImageNames(s streams, images []image) error {
	for _, i := range images {
		if _, err := fmt.Fprintln(s.out, i.Name); err != nil {
			return err
		}
	}
	return nil
}
