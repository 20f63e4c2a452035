# shellcheck shell=bash
# What programs of ours that are built with a sanitizer find, in files DIR/san.*; source it.

# Programs started from now on write there.
watch_sanitizers() { # DIR
	local here
	here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
	export ASAN_OPTIONS="log_path=$1/san:detect_stack_use_after_return=1"
	export UBSAN_OPTIONS="print_stacktrace=1:log_path=$1/san"
	export LSAN_OPTIONS="suppressions=$here/lsan.supp:print_suppressions=0"
	export TSAN_OPTIONS="log_path=$1/san:second_deadlock_stack=1:suppressions=$here/tsan.supp"
}

# Prints the first report, and fails when there is one.
sanitizer_reports() { # DIR
	local report
	for report in "$1"/san.*; do
		[[ -s $report ]] || continue
		echo "--- sanitizer: ${report##*/}"
		head -n 120 "$report"
		return 1
	done
}
