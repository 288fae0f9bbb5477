"""The sun's way over a place in one turn of the sky; its position is astral's, the search for a height ours.

astral's own times of a height take the sun's declination from up to a day away, so that they fail where the sun only
just reaches it, and belong to a UTC day, so that an event near 00:00 UTC is now lost, now had twice.
"""

from math import acos, asin, cos, degrees, pi, radians, sin, tan

from astral.sun import eq_of_time, sun_declination

_TURN = 2 * pi
_J2000 = 10_957.5
"""2000-01-01T12:00 in days since 1970."""

_PARALLAX = 8.794 / 3600
"""Degrees by which the sun at the horizon stands lower for us than for the earth's centre."""

_FAR = 1.0
"""Degrees: more than the declination changes in a turn, so that noon's tells whether a height is out of reach."""

_CLOSE = 1e-6
"""Days, a tenth of a second."""

_QUICK_STEPS, _STEPS = 8, 40


class Path:
    """One turn: from the sun's lowest near local mean midnight to its lowest after it. Moments in days since 1970."""

    def __init__(self, latitude: float, longitude: float, turn: int) -> None:
        self.latitude = latitude
        self.phi = radians(latitude)
        self.mean_midnight = turn - longitude / 360

    def transit(self, *, upper: bool) -> float:
        """Return when the sun is on the meridian; the lower transit is the one that begins the turn."""
        return self._transit(0.5 if upper else 0.0)

    def crossing(self, elevation: float, *, rising: bool) -> float | None:
        """Return when the sun's centre passes this height in degrees, or None if it does not in this turn."""
        elevation += _PARALLAX * cos(radians(elevation))
        noon = degrees(_declination(self.mean_midnight + 0.5))
        if not abs(self.latitude + noon) - 90 - _FAR < elevation < 90 - abs(self.latitude - noon) + _FAR:
            return None
        top = self._turning(0.5)
        bottom = self._turning(0.0 if rising else 1.0)
        wanted = sin(radians(elevation))
        if not self._height(bottom)[0] < wanted < self._height(top)[0]:
            return None
        return self._search(wanted, bottom, top)

    def _search(self, wanted: float, below: float, above: float) -> float:
        """Return when the sine of the height is ``wanted``: between moments when it is below and above."""
        sign = 1.0 if above < below else -1.0
        guess = (below + above) / 2
        for step in range(_STEPS):
            height, declination, equation = self._height(guess)
            if height < wanted:
                below = guess
            else:
                above = guess
            middle = (below + above) / 2
            better = middle
            if step < _QUICK_STEPS:
                # Where the sun would be at this height if its declination stood still.
                angle = (wanted - sin(self.phi) * sin(declination)) / (cos(self.phi) * cos(declination))
                better = self.mean_midnight + 0.5 - equation + sign * acos(max(-1.0, min(1.0, angle))) / _TURN
                if not min(below, above) < better < max(below, above):
                    better = middle
            if abs(better - guess) < _CLOSE:
                return better
            guess = better
        return guess

    def _transit(self, part: float) -> float:
        mean = self.mean_midnight + part
        return mean - _equation(mean - _equation(mean))

    def _turning(self, part: float) -> float:
        """Return when the sun is highest (0.5) or lowest: off the meridian by what its own climb makes of it."""
        transit = self._transit(part)
        declination = _declination(transit)
        climb = (_declination(transit + 0.5) - declination) / pi
        tilt = tan(self.phi) - tan(declination) if part == 0.5 else -tan(self.phi) - tan(declination)
        return transit + asin(climb * tilt) / _TURN

    def _height(self, moment: float) -> tuple[float, float, float]:
        """Return the sine of the sun's height, its declination (radians) and the equation of time (days)."""
        declination, equation = _declination(moment), _equation(moment)
        angle = _TURN * (moment + equation - self.mean_midnight - 0.5)
        height = sin(self.phi) * sin(declination) + cos(self.phi) * cos(declination) * cos(angle)
        return height, declination, equation


def _declination(moment: float) -> float:
    return radians(sun_declination((moment - _J2000) / 36_525))


def _equation(moment: float) -> float:
    return eq_of_time((moment - _J2000) / 36_525) / 1440
