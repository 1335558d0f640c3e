/*
 * The protocol in discrete time: N candidates, one Lease, a network that delays, loses, repeats, clocks that differ, freezes,
 * crashes, and a guard beside each command. README.md says how this maps to the code. The property: never two trees alive.
 *
 * Time is kept as ages that `tick` counts up. A tick may not happen while something is due that the real system does in time:
 * a guard strikes when its deadline is reached, and a tree that is being killed is gone before a second tick. Nothing forces a
 * candidate itself to act: one that does not is frozen, or slow.
 */
#ifndef N
#define N 2
#endif
/* The highest version that is written; the Lease begins, free, as version 1. */
#ifndef WRITES
#define WRITES 4
#endif
#define LONGEST 5
/* Candidates are started with different flags. */
#define duration(k) (LONGEST - ((k) == 1))
/* One tick for clocks that differ, one to kill and confirm (with the timers' slack), one because a tick is not an instant. */
#ifdef M_EXPIRY
#define killAt(k) (duration(k) + 1)
#else
#define killAt(k) (duration(k) - 3 + 1)
#endif

#define STANDBY 0
#define LEADING 1
#define RELEASING 2
#define OVER 3

#define NONE 0
#define STARTING 1
#define ALIVE 2
#define DYING 3
#define DYING_LONG 4

#define ACQUIRE 1
#define RENEW 2
#define RELEASE 3

#define SENT 1
#define STORED 2
#define CONFLICT 3

#define NOBODY N

/* The API: one linearizable register with compare-and-swap; who held it at each version. */
byte version = 1;
byte holderAt[WRITES + 1];

typedef Candidate {
	byte phase;
	byte tree;
	/* Age of the last write that counts, by this machine's clock, plus one; the clock may be slow by a tick: then without it. */
	byte age;
	/* The version our term stands on; 0: the Lease is somebody else's. */
	byte base;
	/* What a standby knows, and for how long. */
	byte seen;
	byte waited;
	/* Something did not succeed: nothing is written before the Lease was looked at. */
	bit mustLook;
	/* The request under way, and its age. */
	byte kind;
	byte at;
	byte sentBase;
	byte since;
	/* A request that was given up and may still arrive. */
	byte ghost;
	/* News on the way, a read's or a watch's: the version they tell. */
	byte news;
#ifdef M_LATE
	/* The version stored by a request that was given up: its answer is on the way. */
	byte late;
#endif
};
Candidate c[N];

byte k;
byte what;

#define send(i, request, onBase) \
	c[i].kind = request; c[i].since = 0; \
	if \
	:: onBase == version -> c[i].at = SENT; c[i].sentBase = onBase \
	:: else -> c[i].at = CONFLICT \
	fi

/* Its own request under way stands on the version that is over. */
#define refuse(i) \
	if \
	:: c[i].at == SENT -> c[i].at = CONFLICT; c[i].sentBase = 0; c[i].since = 0 \
	:: else \
	fi

#define forget(i) \
	c[i].kind = 0; c[i].at = 0; c[i].sentBase = 0; c[i].since = 0

/* What is sent stays on the way, whatever becomes of its sender. */
#define haunt(i) \
	if \
	:: c[i].at == SENT && c[i].ghost == 0 -> c[i].ghost = c[i].kind \
	:: else \
	fi

/* Whatever else is on the way stands on an older version now: it can only conflict, and what was given up does nothing any more. */
#define store(i, request) \
	version++; \
	if \
	:: request == RELEASE -> holderAt[version] = NOBODY \
	:: else -> holderAt[version] = i \
	fi; \
	for (k : 0 .. N - 1) { \
		if \
		:: k != i && c[k].at == SENT -> c[k].at = CONFLICT; c[k].sentBase = 0; c[k].since = 0 \
		:: else \
		fi; \
		c[k].ghost = 0 \
	} \
	k = 0

#define end(i) \
	haunt(i); forget(i); \
	c[i].phase = OVER; c[i].age = 0; c[i].base = 0; c[i].seen = 0; c[i].waited = 0; c[i].mustLook = 0; c[i].news = 0

/* An acknowledged write counts from when it was sent, and is followed by the start of a command that waits for it. */
#ifdef M_ANSWER
#define written 0
#else
#define written c[i].since
#endif
#define counts(i, ageNow) \
	if \
	:: c[i].age = ageNow + 1 \
	:: c[i].age = ageNow \
	fi; \
	if \
	:: c[i].age <= 1 && c[i].tree == NONE -> c[i].tree = STARTING \
	:: c[i].tree == ALIVE || c[i].tree == STARTING \
	:: else -> c[i].age = 0 \
	fi

#define gone(i) \
	c[i].tree = NONE; c[i].age = 0; \
	if \
	:: c[i].phase == LEADING && c[i].base != 0 -> c[i].phase = RELEASING \
	:: c[i].phase == LEADING && c[i].base == 0 -> end(i) \
	:: else \
	fi

#define holderSeen(i) holderAt[c[i].seen]
#ifdef M_SHORT
#define expired (c[i].waited >= duration(i))
#else
#define expired (c[i].waited >= duration(holderSeen(i)))
#endif

#define idle (c[i].kind == 0 && !c[i].mustLook)

proctype Life(byte i) {
	do
	/* The API takes what arrives; a second copy of it is answered with a conflict; what was given up arrives, or not. */
	:: atomic { c[i].at == SENT && version < WRITES -> c[i].at = STORED; store(i, c[i].kind) }
	:: atomic { c[i].at == STORED -> c[i].at = CONFLICT; c[i].sentBase = 0; c[i].since = 0 }
	:: atomic { c[i].ghost != 0 && version < WRITES -> what = c[i].ghost; refuse(i); store(i, what); what = 0 }
	:: atomic { c[i].news == 0 && c[i].phase != OVER && (c[i].mustLook || (c[i].phase == STANDBY && version != c[i].seen)) ->
		c[i].news = version }
	:: atomic { c[i].news == 0 && c[i].phase == LEADING && holderAt[version] != i -> c[i].news = version }

	/* Standing by: the Lease is free, ours by a write that was not answered, or expired by our own clock. */
	:: atomic { c[i].phase == STANDBY && idle && c[i].seen != 0 && (holderSeen(i) == NOBODY || holderSeen(i) == i || expired) ->
		send(i, ACQUIRE, c[i].seen) }
	/* Leading, and while the tree dies: renewals at any time. */
	:: atomic { c[i].phase == LEADING && idle && c[i].base != 0 -> send(i, RENEW, c[i].base) }
	/* The tree is gone, or there never was one. */
	:: atomic { c[i].phase == RELEASING && idle -> send(i, RELEASE, c[i].base) }
	:: atomic { c[i].phase == RELEASING -> end(i) }
#ifdef M_EARLY
	:: atomic { c[i].phase == LEADING && c[i].tree >= ALIVE && idle && c[i].base != 0 -> send(i, RELEASE, c[i].base) }
#endif

	/* The runner spawns before the deadline only; guard and leader-exec kill; trees end by themselves. */
	:: atomic { c[i].tree == STARTING && c[i].age < killAt(i) && c[i].phase == LEADING -> c[i].tree = ALIVE;
		for (k : 0 .. N - 1) { assert(k == i || c[k].tree < ALIVE) }; k = 0 }
	:: atomic { c[i].tree == STARTING -> gone(i) }
	:: atomic { c[i].tree == ALIVE && (c[i].age >= killAt(i) || c[i].phase == OVER) -> c[i].tree = DYING; c[i].age = 0 }
	:: atomic { c[i].tree == ALIVE && c[i].phase == LEADING -> c[i].tree = DYING; c[i].age = 0 }
	:: atomic { c[i].tree >= DYING -> gone(i) }
	:: atomic { c[i].phase == LEADING && c[i].tree == NONE && idle -> gone(i) }

	/* Answers. */
	:: atomic { c[i].at == STORED && c[i].kind == ACQUIRE ->
		c[i].phase = LEADING; c[i].base = c[i].sentBase + 1; c[i].seen = 0; c[i].waited = 0; counts(i, written); forget(i) }
	:: atomic { c[i].at == STORED && c[i].kind == RENEW ->
		if
		:: c[i].phase == LEADING && c[i].base != 0 -> c[i].base = c[i].sentBase + 1; counts(i, written)
		:: else
		fi;
		forget(i) }
	:: atomic { c[i].at == STORED && c[i].kind == RELEASE ->
		forget(i);
		if
		:: c[i].phase == RELEASING -> end(i)
		:: else -> c[i].base = 0
		fi }
	:: atomic { c[i].at == CONFLICT && c[i].phase != OVER -> forget(i); c[i].mustLook = 1; c[i].news = 0 }
	/* Given up: what was sent may still arrive, and be answered. */
	:: atomic { c[i].kind != 0 ->
		haunt(i);
#ifdef M_LATE
		if
		:: c[i].at == STORED && c[i].kind != RELEASE -> c[i].late = c[i].sentBase + 1
		:: else
		fi;
#endif
		if
		:: c[i].phase != LEADING -> c[i].mustLook = 1; c[i].news = 0
		:: else
		fi;
		forget(i) }
#ifdef M_LATE
	:: atomic { c[i].late != 0 && c[i].kind == ACQUIRE && c[i].phase == STANDBY ->
		c[i].phase = LEADING; c[i].base = c[i].late; c[i].late = 0; c[i].seen = 0; c[i].waited = 0;
		counts(i, written); haunt(i); forget(i) }
	:: atomic { c[i].late != 0 && c[i].kind == RENEW && c[i].phase == LEADING && c[i].base != 0 ->
		c[i].base = c[i].late; c[i].late = 0; counts(i, written); haunt(i); forget(i) }
#endif

	/* News: what is not newer is ignored; only our own name lets a holder go on; only our own Lease is released. */
	:: atomic { c[i].news != 0 && c[i].phase == STANDBY ->
		if
		:: c[i].news > c[i].seen -> c[i].seen = c[i].news; c[i].waited = 0
		:: else
		fi;
		c[i].mustLook = 0; c[i].news = 0;
#ifdef M_READ
		if
		:: holderSeen(i) == i && c[i].kind == 0 ->
			c[i].phase = LEADING; c[i].base = c[i].seen; c[i].seen = 0; c[i].waited = 0; counts(i, 0)
		:: else
		fi
#endif
	}
	:: atomic { c[i].news != 0 && c[i].phase == LEADING ->
		if
		:: c[i].news < c[i].base || c[i].base == 0
		:: c[i].news >= c[i].base && c[i].base != 0 && holderAt[c[i].news] == i -> c[i].base = c[i].news
		:: c[i].news >= c[i].base && c[i].base != 0 && holderAt[c[i].news] != i ->
#ifdef M_BLIND
			if
			:: c[i].tree == NONE -> c[i].phase = RELEASING; c[i].age = 0; c[i].base = c[i].news
			:: else -> c[i].tree = (c[i].tree == ALIVE -> DYING : c[i].tree)
			fi
#else
			c[i].base = 0;
			if
			:: c[i].tree == NONE || c[i].tree == STARTING -> c[i].tree = NONE; end(i)
			:: c[i].tree == ALIVE -> c[i].tree = DYING; c[i].age = 0
			:: else
			fi
#endif
		fi;
		c[i].mustLook = 0; c[i].news = 0 }
	:: atomic { c[i].news != 0 && c[i].phase == RELEASING ->
		if
#ifdef M_BLIND
		:: holderAt[c[i].news] != NOBODY -> c[i].base = c[i].news; c[i].mustLook = 0; c[i].news = 0
#else
		:: holderAt[c[i].news] == i -> c[i].base = c[i].news; c[i].mustLook = 0; c[i].news = 0
#endif
		:: else -> end(i)
		fi }

	/* kill -9: the guard sees that at once. */
	:: atomic { c[i].phase == LEADING && c[i].tree >= STARTING -> if :: c[i].tree == STARTING -> c[i].tree = NONE :: else fi; end(i) }
	/* Started again: a new candidate, once nothing is left that bears the old one's name. */
	:: atomic { c[i].phase == OVER && c[i].tree == NONE && c[i].ghost == 0 && holderAt[version] != i -> c[i].phase = STANDBY }
	od
}

#define inTime(i) (!(c[i].tree == ALIVE && (c[i].age >= killAt(i) || c[i].phase == OVER)) && c[i].tree != DYING_LONG)

#define older(i) \
	if \
	:: c[i].tree == STARTING || c[i].tree == ALIVE -> \
		if \
		:: c[i].age <= killAt(i) -> c[i].age++ \
		:: else \
		fi \
	:: else \
	fi; \
	if \
	:: c[i].tree == DYING -> c[i].tree = DYING_LONG \
	:: else \
	fi; \
	if \
	:: c[i].seen != 0 && holderSeen(i) != NOBODY && holderSeen(i) != i && c[i].waited < duration(holderSeen(i)) -> c[i].waited++ \
	:: else \
	fi; \
	if \
	:: (c[i].kind == ACQUIRE || c[i].kind == RENEW) && c[i].at != CONFLICT && c[i].since <= killAt(i) -> c[i].since++ \
	:: else \
	fi

init {
	atomic {
		holderAt[1] = NOBODY;
		run Life(0);
		run Life(1);
#if N > 2
		run Life(2);
#endif
	}
	do
#if N > 2
	:: atomic { inTime(0) && inTime(1) && inTime(2) -> older(0); older(1); older(2) }
#else
	:: atomic { inTime(0) && inTime(1) -> older(0); older(1) }
#endif
	od
}
