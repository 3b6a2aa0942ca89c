"""The attributes that untrusted code may use of values: those of plain data and nothing else.

Listed and not computed, so that a new Python version adds none unseen. `format` and
`format_map` of strings are not among them: they read attributes by name.
"""

from __future__ import annotations

SAFE_ATTRIBUTES = frozenset(
    name
    for names in (
        # state views, contexts, exceptions
        "data name resources state network error uuid args msg pos doc lineno colno",
        # caches and folders among the resources; of other resources, what has these names
        "put exists read_bytes read_text",
        # str, bytes, bytearray
        """capitalize casefold center count decode encode endswith expandtabs find fromhex hex
        index isalnum isalpha isascii isdecimal isdigit isidentifier islower isnumeric
        isprintable isspace istitle isupper join ljust lower lstrip maketrans partition
        removeprefix removesuffix replace rfind rindex rjust rpartition rsplit rstrip split
        splitlines startswith strip swapcase title translate upper zfill""",
        # list, dict, set, tuple, deque, Counter, OrderedDict, itertools.chain
        """add append appendleft clear copy count difference difference_update discard elements
        extend extendleft from_iterable fromkeys get index insert intersection
        intersection_update isdisjoint issubset issuperset items keys maxlen most_common
        move_to_end pop popitem popleft remove reverse rotate setdefault sort subtract
        symmetric_difference symmetric_difference_update total union update values""",
        # int, float, complex, Decimal, Fraction, range
        """as_integer_ratio bit_count bit_length conjugate denominator from_bytes imag
        is_integer numerator real to_bytes adjusted as_tuple compare copy_abs copy_negate
        copy_sign digits exp exponent fma from_decimal from_float is_finite is_infinite is_nan
        is_normal is_qnan is_signed is_snan is_zero limit_denominator ln log10 logb max min
        next_minus next_plus normalize quantize remainder_near same_quantum scaleb sign sqrt
        start step stop to_eng_string to_integral_exact to_integral_value""",
        # date, time, datetime, timedelta, timezone, struct_time
        """astimezone combine ctime date datetime day days dst fold fromisocalendar fromisoformat
        fromordinal fromtimestamp hour isocalendar isoformat isoweekday microsecond microseconds
        minute month now resolution second seconds strftime strptime time timestamp timetuple
        timetz today toordinal total_seconds tzinfo tzname utc utcfromtimestamp utcnow utcoffset
        utctimetuple week weekday year tm_gmtoff tm_hour tm_isdst tm_mday tm_min tm_mon tm_sec
        tm_wday tm_yday tm_year tm_zone""",
        # re.Pattern and re.Match
        """end endpos expand findall finditer flags fullmatch group groupdict groupindex groups
        lastgroup lastindex match pattern re regs search span string sub subn""",
        # hashes, UUID, results of statistics
        """block_size digest digest_size hexdigest bytes bytes_le clock_seq fields int node
        time_hi_version time_low time_mid urn variant version intercept slope""",
    )
    for name in names.split()
)
