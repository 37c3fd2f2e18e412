namespace Archon.Analysis.LogPatterns;

/// <summary>
/// Reads the times that log lines carry: ISO 8601 and its relatives, syslog and ctime, the access logs' day/month/year, klog, a clock alone. What carries no
/// zone is taken as UTC.
/// </summary>
internal static class LogStamp
{
    private const string Months = "janfebmaraprmayjunjulaugsepoctnovdec";
    private const string WeekDays = "montuewedthufrisatsun";
    private const int EarliestYear = 1970;
    private const int LatestYear = 2199;

    /// <summary>Whether a stamp can begin with this character at all; asked before anything else, for most words do not.</summary>
    public static bool CanBegin(char first) =>
        char.IsAsciiDigit(first) || first is 'J' or 'F' or 'M' or 'A' or 'S' or 'O' or 'N' or 'D' or 'T' or 'W' or 'I' or 'E';

    /// <param name="text">Begins where the stamp would.</param>
    /// <param name="year">Of stamps that carry none.</param>
    /// <param name="length">Characters of the stamp.</param>
    /// <param name="unixMs">Unix milliseconds; null for a clock without a date, and for a day that no calendar has.</param>
    public static bool TryRead(ReadOnlySpan<char> text, int year, out int length, out long? unixMs)
    {
        (length, unixMs) = (0, null);
        if (text.Length < 8 || !CanBegin(text[0]))
            return false;
        var reader = new Reader(text);
        var found = char.IsAsciiDigit(text[0]) ? reader.BeginsWithNumber(year) : reader.BeginsWithName(year);
        if (!found || (reader.At < text.Length && (char.IsLetterOrDigit(text[reader.At]) || text[reader.At] == '_')))
            return false;
        (length, unixMs) = (reader.At, reader.UnixMs());
        return true;
    }

    /// <summary>Seconds, milliseconds, microseconds or nanoseconds since 1970, told apart by their size; null when it is none of them.</summary>
    public static long? FromEpoch(double value) =>
        value switch
        {
            >= 1e8 and < 1e10 => (long)(value * 1e3),
            >= 1e11 and < 1e13 => (long)value,
            >= 1e14 and < 1e16 => (long)(value / 1e3),
            >= 1e17 and < 1e19 => (long)(value / 1e6),
            _ => null,
        };

    private ref struct Reader(ReadOnlySpan<char> text)
    {
        private readonly ReadOnlySpan<char> text = text;
        private int year;
        private int month;
        private int day;
        private long clockMs;
        private int zoneMinutes;

        public int At { get; private set; }

        public readonly long? UnixMs()
        {
            if (month == 0 || year is < EarliestYear or > LatestYear || day > DateTime.DaysInMonth(year, month))
                return null;
            return new DateTimeOffset(year, month, day, 0, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds()
                + clockMs
                - (zoneMinutes * 60_000L);
        }

        public bool BeginsWithNumber(int usualYear)
        {
            var (first, digits) = Number();
            if (digits <= 2 && Next(':'))
            {
                At = 0;
                return Clock(isDotted: false);
            }
            if (digits == 8)
            {
                return IsDate(first / 10_000, first / 100 % 100, first % 100)
                    && Skip("T-_ ")
                    && (Clock(isDotted: false) || PackedClock())
                    && Zone();
            }
            var separator = Peek();
            if (separator is not ('-' or '/' or '.' or ' ') || digits is not (1 or 2 or 4))
                return false;
            At++;
            if (char.IsAsciiLetter(Peek()))
            {
                return digits <= 2
                    && MonthName() is var named and > 0
                    && Next(separator)
                    && Number() is var (late, four)
                    && four == 4
                    && IsDate(late, named, first)
                    && Skip(": T")
                    && Clock(isDotted: false)
                    && Zone();
            }
            if (separator == ' ')
                return false;
            var (second, more) = Number();
            if (more is not (1 or 2))
                return false;
            if (!Next(separator))
            {
                // Day and month alone are a date only before a clock.
                return digits == 2
                    && more == 2
                    && (IsDate(usualYear, first, second) || IsDate(usualYear, second, first))
                    && Skip(" ")
                    && Clock(isDotted: false);
            }
            var (third, last) = Number();
            var isDate = (digits, last) switch
            {
                (4, 1 or 2) => IsDate(first, second, third),
                (1 or 2, 4) => separator == '.' || first > 12 ? IsDate(third, second, first) : IsDate(third, first, second),
                (2, 2) => IsDate(2000 + first, second, third) || IsDate(2000 + third, first, second) || IsDate(2000 + third, second, first),
                _ => false,
            };
            if (!isDate)
                return false;
            var before = At;
            if (Skip(" T-_:,") && Clock(isDotted: separator == '-') && Zone())
                return true;
            At = before;
            return digits == 4 || last == 4;
        }

        public bool BeginsWithName(int usualYear)
        {
            if (text[0] is 'I' or 'W' or 'E' or 'F' or 'D' && char.IsAsciiDigit(text[1]))
            {
                At = 1;
                var (packed, four) = Number();
                return four == 4 && IsDate(usualYear, packed / 100, packed % 100) && Skip(" ") && Clock(isDotted: false);
            }
            if (IndexOfName(WeekDays) > 0)
            {
                At = 3;
                Next(',');
                if (!Next(' '))
                    return false;
                if (char.IsAsciiDigit(Peek()))
                {
                    var (of, _) = Number();
                    return Skip(" -")
                        && MonthName() is var late and > 0
                        && Skip(" -")
                        && Number() is var (full, many)
                        && many == 4
                        && IsDate(full, late, of)
                        && Skip(" ")
                        && Clock(isDotted: false)
                        && Zone();
                }
            }
            var named = MonthName();
            if (named == 0 || !Next(' '))
                return false;
            Next(' ');
            var (date, digits) = Number();
            if (digits is not (1 or 2) || !IsDate(usualYear, named, date))
                return false;
            Next(',');
            if (!Next(' '))
                return false;
            var before = At;
            var (lastYear, length) = Number();
            if (length != 4 || !IsDate(lastYear, named, date) || !Skip(" "))
                At = before;
            if (!Clock(isDotted: false))
                return false;
            before = At;
            // The year of ctime comes last.
            if (!(Next(' ') && Number() is var (end, width) && width == 4 && IsDate(end, named, date) && !char.IsLetterOrDigit(Peek())))
                At = before;
            return true;
        }

        private bool IsDate(int ofYear, int ofMonth, int ofDay)
        {
            if (ofMonth is < 1 or > 12 || ofDay is < 1 or > 31)
                return false;
            (year, month, day) = (ofYear, ofMonth, ofDay);
            return true;
        }

        /// <summary>h:mm:ss with a fraction after a point, a comma or one more colon.</summary>
        /// <param name="isDotted">Points may stand for the colons.</param>
        private bool Clock(bool isDotted)
        {
            var before = At;
            if (TryClock(isDotted))
                return true;
            At = before;
            return false;
        }

        private bool TryClock(bool isDotted)
        {
            var (hour, hours) = Number();
            var between = Peek();
            if (hours is not (1 or 2) || hour > 23 || !(between == ':' || (isDotted && between == '.')))
                return false;
            At++;
            var (minute, minutes) = Number();
            if (minutes is not (1 or 2) || minute > 59 || !Next(between))
                return false;
            var (second, seconds) = Number();
            if (seconds is not (1 or 2) || second > 60)
                return false;
            clockMs = ((((hour * 60L) + minute) * 60) + second) * 1000;
            if (Peek() is '.' or ',' or ':' && At + 1 < text.Length && char.IsAsciiDigit(text[At + 1]))
            {
                At++;
                for (var unit = 100; char.IsAsciiDigit(Peek()); unit /= 10)
                    clockMs += (text[At++] - '0') * unit;
            }
            return true;
        }

        private bool PackedClock()
        {
            var (packed, digits) = Number();
            if (digits != 6 || packed / 10_000 > 23 || packed / 100 % 100 > 59 || packed % 100 > 60)
                return false;
            clockMs = ((packed / 10_000 * 3600L) + (packed / 100 % 100 * 60) + (packed % 100)) * 1000;
            return true;
        }

        /// <summary>A zone after the clock, where there is one.</summary>
        private bool Zone()
        {
            var before = At;
            if (Next('Z'))
                return true;
            Next(' ');
            if (text[At..].StartsWith("UTC") || text[At..].StartsWith("GMT"))
            {
                At += 3;
                return true;
            }
            var sign = Peek();
            if (sign is '+' or '-')
            {
                At++;
                var (hours, digits) = Number();
                if (digits == 4)
                {
                    zoneMinutes = (hours / 100 * 60) + (hours % 100);
                }
                else if (digits == 2)
                {
                    zoneMinutes = hours * 60;
                    if (Next(':'))
                        zoneMinutes += Number().Value;
                }
                if (digits is 2 or 4)
                {
                    if (sign == '-')
                        zoneMinutes = -zoneMinutes;
                    return true;
                }
            }
            At = before;
            return true;
        }

        private int MonthName()
        {
            var found = IndexOfName(Months);
            if (found > 0)
                At += 3;
            return found;
        }

        /// <returns>From 1; 0 when the next three letters are none of the names.</returns>
        private readonly int IndexOfName(string names)
        {
            if (At + 3 > text.Length || (At + 3 < text.Length && char.IsAsciiLetter(text[At + 3])))
                return 0;
            var next = text.Slice(At, 3);
            for (var i = 0; i < names.Length; i += 3)
            {
                if (next.Equals(names.AsSpan(i, 3), StringComparison.OrdinalIgnoreCase))
                    return (i / 3) + 1;
            }
            return 0;
        }

        private (int Value, int Digits) Number()
        {
            var (value, begin) = (0, At);
            while (At - begin < 9 && char.IsAsciiDigit(Peek()))
                value = (value * 10) + (text[At++] - '0');
            return (value, At - begin);
        }

        private readonly char Peek() => At < text.Length ? text[At] : '\0';

        private bool Next(char wanted)
        {
            if (Peek() != wanted)
                return false;
            At++;
            return true;
        }

        private bool Skip(string any)
        {
            if (At >= text.Length || !any.AsSpan().Contains(text[At]))
                return false;
            At++;
            return true;
        }
    }
}
