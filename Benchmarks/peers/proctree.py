# SPDX-License-Identifier: Apache-2.0
"""Resource figures of a whole process tree, read from /proc (Linux only)."""
import ctypes
import os

_PAGE = os.sysconf("SC_PAGE_SIZE")
_TICK = os.sysconf("SC_CLK_TCK")


def become_subreaper():
    """Orphans (daemons that fork twice) become our children, so that the
    tree below this process is the whole of the peer."""
    ctypes.CDLL(None, use_errno=True).prctl(36, 1, 0, 0, 0)


def _read(path):
    try:
        with open(path, "rb", buffering=0) as f:
            return f.read()
    except OSError:
        return b""


def children(pid):
    out = []
    try:
        tids = os.listdir("/proc/%d/task" % pid)
    except OSError:
        return out
    for t in tids:
        out += [int(x) for x in _read("/proc/%d/task/%s/children" % (pid, t)).split()]
    return out


def descendants(root):
    seen, stack = [], children(root)
    while stack:
        p = stack.pop()
        if p in seen:
            continue
        seen.append(p)
        stack += children(p)
    return seen


def comm(pid):
    return _read("/proc/%d/comm" % pid).decode(errors="replace").strip()


def state(pid):
    s = _read("/proc/%d/stat" % pid)
    return s.rsplit(b")", 1)[1].split()[0].decode() if s else ""


def rss(pid):
    f = _read("/proc/%d/statm" % pid).split()
    return int(f[1]) * _PAGE if len(f) > 1 else 0


def pss(pid):
    for line in _read("/proc/%d/smaps_rollup" % pid).splitlines():
        if line.startswith(b"Pss:"):
            return int(line.split()[1]) * 1024
    return 0


def tree_rss(root):
    return sum(rss(p) for p in descendants(root))


def usage(pids):
    """cpu_s (schedstat of live threads + reaped children), vol, invol per thread."""
    res = {}
    for p in pids:
        st = _read("/proc/%d/stat" % p)
        if not st:
            continue
        f = st.rsplit(b")", 1)[1].split()
        res[(p, "dead")] = ((int(f[13]) + int(f[14])) / _TICK, 0, 0)
        try:
            tids = os.listdir("/proc/%d/task" % p)
        except OSError:
            continue
        for t in tids:
            base = "/proc/%d/task/%s/" % (p, t)
            ss = _read(base + "schedstat").split()
            vol = inv = 0
            for line in _read(base + "status").splitlines():
                if line.startswith(b"voluntary_ctxt_switches"):
                    vol = int(line.split()[1])
                elif line.startswith(b"nonvoluntary_ctxt_switches"):
                    inv = int(line.split()[1])
            res[(p, t)] = (int(ss[0]) / 1e9 if ss else 0.0, vol, inv)
    return res


def usage_delta(a, b):
    cpu = vol = inv = 0
    for k, v in b.items():
        o = a.get(k, (0, 0, 0))
        cpu += v[0] - o[0]
        vol += v[1] - o[1]
        inv += v[2] - o[2]
    return {"cpu_s": round(cpu, 5), "voluntary_switches": vol,
            "involuntary_switches": inv,
            "threads": sum(1 for k in b if k[1] != "dead"),
            "processes": len({k[0] for k in b})}
