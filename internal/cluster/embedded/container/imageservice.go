package container

import (
	"context"
	"errors"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	internalapi "k8s.io/cri-api/pkg/apis"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/k8slab/k8slab/internal/cluster/embedded/container/images"
)

// imageService is the node's image store as the kubelet sees it.
type imageService struct{ *Runtime }

var _ internalapi.ImageManagerService = imageService{}

// ListImages lists the images on the node, or the one that the filter names.
func (s imageService) ListImages(_ context.Context, filter *runtimeapi.ImageFilter) ([]*runtimeapi.Image, error) {
	list := []*runtimeapi.Image{}
	if ref := filter.GetImage().GetImage(); ref != "" {
		if image, ok := s.store.Find(ref); ok {
			list = append(list, criImage(image))
		}
		return list, nil
	}
	for _, image := range s.store.List() {
		list = append(list, criImage(image))
	}
	return list, nil
}

// ImageStatus describes an image; one that is not on the node is an answer without image.
func (s imageService) ImageStatus(_ context.Context, spec *runtimeapi.ImageSpec, _ bool) (*runtimeapi.ImageStatusResponse, error) {
	image, ok := s.store.Find(spec.GetImage())
	if !ok {
		return &runtimeapi.ImageStatusResponse{}, nil
	}
	return &runtimeapi.ImageStatusResponse{Image: criImage(image)}, nil
}

func criImage(image images.Pulled) *runtimeapi.Image {
	return &runtimeapi.Image{
		Id:          image.ID,
		RepoTags:    image.RepoTags,
		RepoDigests: image.RepoDigests,
		Size:        image.Size,
		Uid:         &runtimeapi.Int64Value{},
		Spec:        &runtimeapi.ImageSpec{},
	}
}

// PullImage pulls an image and returns its ID.
func (s imageService) PullImage(ctx context.Context, spec *runtimeapi.ImageSpec, _ *runtimeapi.AuthConfig, _ *runtimeapi.PodSandboxConfig) (string, error) {
	image, err := s.store.Pull(ctx, spec.GetImage())
	if status.Code(err) == codes.Unknown && err != nil {
		return "", errors.New(status.Convert(err).Message()) // the CRI's client leaves this code out
	}
	if err != nil {
		return "", err
	}
	return image.ID, nil
}

// RemoveImage removes an image. One that is not there is no error.
func (s imageService) RemoveImage(_ context.Context, spec *runtimeapi.ImageSpec) error {
	s.store.Remove(spec.GetImage())
	return nil
}

// ImageFsInfo reports the sizes that the images would have.
func (s imageService) ImageFsInfo(context.Context) (*runtimeapi.ImageFsInfoResponse, error) {
	bytes, count := s.store.Used()
	usage := func(bytes, inodes uint64) []*runtimeapi.FilesystemUsage {
		return []*runtimeapi.FilesystemUsage{{
			Timestamp:  time.Now().UnixNano(),
			FsId:       s.filesystem(),
			UsedBytes:  &runtimeapi.UInt64Value{Value: bytes},
			InodesUsed: &runtimeapi.UInt64Value{Value: inodes},
		}}
	}
	return &runtimeapi.ImageFsInfoResponse{
		ImageFilesystems:     usage(bytes, count),
		ContainerFilesystems: usage(0, 0),
	}, nil
}

// Close has nothing to do; the Runtime is closed by its owner.
func (s imageService) Close(context.Context) error { return nil }
