package embedded

import (
	"context"
	"time"

	cadvisorapi "github.com/google/cadvisor/info/v1"
	cadvisorapiv2 "github.com/google/cadvisor/info/v2"
)

// The size of a simulated machine: large enough for every lesson, small enough
// that a Pod which asks for too much can be shown.
const (
	machineCores  = 4
	machineMemory = 8 << 30
	machineDisk   = 100 << 30
	machineInodes = 1 << 20
)

// machine is what the kubelet believes of the computer it runs on. The real one
// is none of its business.
type machine struct{ name string }

func (machine) Start() error { return nil }

func (m machine) MachineInfo() (*cadvisorapi.MachineInfo, error) {
	return &cadvisorapi.MachineInfo{
		NumCores:       machineCores,
		MemoryCapacity: machineMemory,
		MachineID:      m.name,
		SystemUUID:     m.name,
		BootID:         m.name,
	}, nil
}

func (machine) VersionInfo() (*cadvisorapi.VersionInfo, error) {
	return &cadvisorapi.VersionInfo{KernelVersion: "simulated", ContainerOsVersion: "k8slab (simulated)"}, nil
}

// ContainerInfoV2 answers for the root of the machine only: containers report
// through the runtime.
func (machine) ContainerInfoV2(name string, _ cadvisorapiv2.RequestOptions) (map[string]cadvisorapiv2.ContainerInfo, error) {
	if name != "/" {
		return nil, nil
	}
	now := time.Now()
	return map[string]cadvisorapiv2.ContainerInfo{"/": {
		Spec: cadvisorapiv2.ContainerSpec{CreationTime: now, HasCpu: true, HasMemory: true},
		Stats: []*cadvisorapiv2.ContainerStats{{
			Timestamp: now,
			Cpu:       &cadvisorapi.CpuStats{},
			CpuInst:   &cadvisorapiv2.CpuInstStats{},
			Memory:    &cadvisorapi.MemoryStats{},
		}},
	}}, nil
}

func (machine) GetRequestedContainersInfo(string, cadvisorapiv2.RequestOptions) (map[string]*cadvisorapi.ContainerInfo, error) {
	return nil, nil
}

func (machine) ImagesFsInfo(context.Context) (cadvisorapiv2.FsInfo, error)    { return disk(), nil }
func (machine) RootFsInfo() (cadvisorapiv2.FsInfo, error)                     { return disk(), nil }
func (machine) ContainerFsInfo(context.Context) (cadvisorapiv2.FsInfo, error) { return disk(), nil }
func (machine) GetDirFsInfo(string) (cadvisorapiv2.FsInfo, error)             { return disk(), nil }

func disk() cadvisorapiv2.FsInfo {
	inodes := uint64(machineInodes)
	return cadvisorapiv2.FsInfo{
		Timestamp: time.Now(), Device: "simulated", Mountpoint: "/",
		Capacity: machineDisk, Available: machineDisk / 10 * 9, Usage: machineDisk / 10,
		Inodes: &inodes, InodesFree: &inodes,
	}
}
