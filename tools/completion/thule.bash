# Completion of `thule` and `thulefs` for bash. `thule complete` (tools/complete/words.h) says what may come next, by the tables
# that --help is made of.
# shellcheck shell=bash

# Drops from the words what bash leaves in the line: it replaces only what follows the last : or = of a word.
__thule_trim() { # TYPED
	local breaks=${COMP_WORDBREAKS//[^:=]/} kept
	[[ -n $breaks && $1 == *["$breaks"]* ]] || return
	kept=${1%"${1##*["$breaks"]}"}
	COMPREPLY=("${COMPREPLY[@]#"$kept"}")
}

# Adds what the shell itself knows.
__thule_shell() { # KIND TYPED
	local cur=$2 found
	case $1 in
	file) _filedir ;;
	directory) _filedir -d ;;
	user | group)
		mapfile -t found < <(compgen -A "$1" -- "$cur")
		COMPREPLY+=("${found[@]}")
		;;
	process)
		mapfile -t found < <(compgen -W "$(cd /proc && echo [0-9]*)" -- "$cur")
		COMPREPLY+=("${found[@]}")
		;;
	esac
}

_thule() {
	local cur words cword line word program
	_get_comp_words_by_ref -n := cur words cword || return
	local typed=("${words[@]:1:cword}")
	program=${words[0]/#\~/$HOME}
	if [[ ${program##*/} == thulefs ]]; then
		program=${program%fs}
		typed=(mount "${typed[@]}")
	fi
	COMPREPLY=()
	while IFS= read -r line; do
		case $line in
		$'\tcommand '*)
			_command_offset $((${line##* } + 1))
			return
			;;
		$'\t'*) __thule_shell "${line#$'\t'}" "${cur##*=}" ;;
		*)
			word=${line%%$'\t'*}
			[[ $word != *[=:,] ]] || compopt -o nospace
			printf -v word %q "$word"
			word=${word//\\,/,}
			COMPREPLY+=("$word")
			;;
		esac
	done < <("$program" complete "${typed[@]}" 2>/dev/null)
	__thule_trim "$cur"
}
complete -F _thule thule thulefs
