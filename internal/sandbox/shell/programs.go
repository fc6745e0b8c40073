package shell

// programs are the coreutils of this package by name.
func programs() map[string]Program {
	return map[string]Program{
		"sh": runShell, "ash": runShell, "bash": runShell,
		"[": testProgram, "test": testProgram,
		"echo": echoProgram, "printf": printfProgram, "true": trueProgram, "false": falseProgram,
		"env": envProgram, "sleep": sleepProgram, "cat": catProgram, "kill": killProgram,
	}
}
