// Package proc reads from /proc what processes use, for the programs that
// measure k8slab. It works on Linux only.
package proc

import (
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// Processes are directories below /proc.
type Processes []string

// Ours returns this process and its children.
func Ours() (Processes, error) {
	self := strconv.Itoa(os.Getpid())
	return processes(func(pid, parent string) bool { return pid == self || parent == self })
}

// Children returns the children of this process.
func Children() (Processes, error) {
	self := strconv.Itoa(os.Getpid())
	return processes(func(_, parent string) bool { return parent == self })
}

func processes(wanted func(pid, parent string) bool) (Processes, error) {
	all, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return nil, err
	}
	var found Processes
	for _, dir := range all {
		fields, err := statFields(dir)
		if err != nil {
			continue // it has ended meanwhile
		}
		if wanted(filepath.Base(dir), fields[1]) {
			found = append(found, dir)
		}
	}
	return found, nil
}

// statFields returns what follows the program's name in /proc/PID/stat: state, parent, ...
func statFields(dir string) ([]string, error) {
	content, err := os.ReadFile(filepath.Join(dir, "stat"))
	if err != nil {
		return nil, err
	}
	return strings.Fields(string(content[strings.LastIndexByte(string(content), ')')+1:])), nil
}

// CPUSeconds returns the time that the processes have had on all cores.
func (p Processes) CPUSeconds() (float64, error) {
	const ticksPerSecond = 100 // USER_HZ, the same on every Linux that Go supports
	ticks := 0.0
	for _, dir := range p {
		fields, err := statFields(dir)
		if err != nil {
			return 0, err
		}
		for _, f := range fields[11:13] { // utime, stime
			n, err := strconv.ParseFloat(f, 64)
			if err != nil {
				return 0, err
			}
			ticks += n
		}
	}
	return ticks / ticksPerSecond, nil
}

// PSS returns the memory of the processes in MB; what several share is divided
// between them.
func (p Processes) PSS() (float64, error) {
	kB := 0
	for _, dir := range p {
		content, err := os.ReadFile(filepath.Join(dir, "smaps_rollup"))
		if err != nil {
			return 0, err
		}
		for _, line := range strings.Split(string(content), "\n") {
			if f := strings.Fields(line); len(f) > 1 && f[0] == "Pss:" {
				n, err := strconv.Atoi(f[1])
				if err != nil {
					return 0, err
				}
				kB += n
			}
		}
	}
	return float64(kB) / 1024, nil
}

// OpenFiles returns how many files, sockets and the like are open.
func (p Processes) OpenFiles() (int, error) {
	n := 0
	for _, dir := range p {
		open, err := os.ReadDir(filepath.Join(dir, "fd"))
		if err != nil {
			return 0, err
		}
		n += len(open)
	}
	return n, nil
}

// Disk returns what is below dir: its MB on the disk, and how many entries.
func Disk(dir string) (mb float64, entries int, err error) {
	blocks := int64(0)
	err = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil {
			return ignoreAbsent(err)
		}
		info, err := d.Info()
		if err != nil {
			return ignoreAbsent(err)
		}
		entries++
		if s, ok := info.Sys().(*syscall.Stat_t); ok {
			blocks += s.Blocks
		}
		return nil
	})
	return float64(blocks) * 512 / (1 << 20), entries, err
}

// ignoreAbsent is for what was removed after it was listed.
func ignoreAbsent(err error) error {
	if os.IsNotExist(err) {
		return nil
	}
	return err
}
