# Takes the place of ssh: [options] host command... The task that waits on that node runs the command.
while :; do
    case $1 in -*) shift ;; *) break ;; esac
done
host=$1
shift
if [ -n "$batchai_loopback" ]; then
    mkfifo "$host" "$host.ended" 2>/dev/null
    # Opened before the command leaves, so that its end finds a reader.
    exec 3<>"$host.ended"
    printf '%s\n' "$*" >"$host"
    read -r code <&3
else
    printf '%s\n' "$*" >"$host.new" && mv "$host.new" "$host"
    until [ -f "$host.ended" ]; do sleep 0.1; done
    read -r code <"$host.ended"
fi
exit "$code"
