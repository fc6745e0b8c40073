package shell

// programs are the coreutils of this package by name.
func programs() map[string]Program {
	return map[string]Program{
		"sh": runShell, "ash": runShell, "bash": runShell,

		"echo": echoProgram, "printf": printfProgram, "true": trueProgram, "false": falseProgram,
		"test": testProgram, "[": testProgram, "expr": exprProgram, "seq": seqProgram, "yes": yesProgram,
		"sleep": sleepProgram, "usleep": usleepProgram, "date": dateProgram, "timeout": timeoutProgram,

		"cat": catProgram, "head": headProgram, "tail": tailProgram, "tac": tacProgram, "rev": revProgram, "tee": teeProgram,
		"wc": wcProgram, "cut": cutProgram, "sort": sortProgram, "uniq": uniqProgram, "tr": trProgram, "nl": nlProgram,
		"grep": grepProgram, "egrep": grepProgram, "fgrep": grepProgram, "sed": sedProgram, "awk": awkCommand, "xargs": xargsProgram,
		"md5sum": digestProgram, "sha1sum": digestProgram, "sha256sum": digestProgram, "sha512sum": digestProgram, "base64": base64Program,

		"ls": lsProgram, "cp": cpProgram, "mv": mvProgram, "rm": rmProgram, "ln": lnProgram, "mkdir": mkdirProgram,
		"rmdir": rmdirProgram, "touch": touchProgram, "readlink": readlinkProgram, "realpath": realpathProgram, "stat": statProgram,
		"chmod": chmodProgram, "chown": chownProgram, "chgrp": chownProgram, "mktemp": mktempProgram, "truncate": truncateProgram,
		"du": duProgram, "dd": ddProgram, "find": findProgram, "sync": trueProgram,
		"basename": basenameProgram, "dirname": dirnameProgram, "pwd": pwdProgram, "which": whichProgram,

		"tar": tarProgram, "gzip": gzipProgram, "gunzip": gzipProgram, "zcat": gzipProgram,
		"od": odProgram, "hexdump": hexdumpProgram, "xxd": xxdProgram, "strings": stringsProgram, "diff": diffProgram, "cmp": cmpProgram,
		"paste": pasteProgram, "fold": foldProgram, "shuf": shufProgram, "less": catProgram, "more": catProgram, "unlink": unlinkProgram,

		"df": dfProgram, "free": freeProgram, "uptime": uptimeProgram, "pidof": pidofProgram, "pgrep": pgrepProgram, "pkill": pgrepProgram,
		"killall": killallProgram, "watch": watchProgram, "nohup": prefixProgram, "nice": prefixProgram, "setsid": prefixProgram, "time": prefixProgram,
		"tty": ttyProgram, "stty": sttyProgram, "groups": groupsProgram, "clear": clearProgram, "hostid": hostidProgram,
		"env": envProgram, "printenv": printenvProgram, "hostname": hostnameProgram, "uname": unameProgram,
		"id": idProgram, "whoami": whoamiProgram, "nproc": nprocProgram, "ps": psProgram, "kill": killProgram,
		"wget": wgetProgram, "curl": curlProgram, "nc": ncProgram,
	}
}
