# Kill every process of a launch on this node: those that carry its folder in their environment, and all below them.
# $1 is the folder. The shell of node.sh is none of them, and writes down what became of the tasks.
found=
for file in $(grep -lszxF "AZ_BATCHAI_LAUNCH=$1" /proc/[0-9]*/environ 2>/dev/null); do
    pid=${file#/proc/}
    found="$found ${pid%/environ}"
done
[ -n "$found" ] || exit 0
below=$(ps -A -o pid= -o ppid= | awk -v found="$found" '
    BEGIN { count = split(found, all, " "); for (i in all) known[all[i]] = 1 }
    { parent[$1] = $2 }
    END {
        do {
            grew = 0
            for (pid in parent) if (!(pid in known) && (parent[pid] in known)) { known[pid] = 1; grew = 1 }
        } while (grew)
        for (pid in known) print pid
    }')
kill -KILL $found $below 2>/dev/null
exit 0
