"""Asks for a wall chart 挂图: of the town, a unit's areas, a village, or one problem."""

from __future__ import annotations

from handlers.charts.common import WALL, reach_for
from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.problems.common import own_problem
from handlers.rights.sight import IN_OFFICE
from storage.charts.orders import Chart


@conversation("map", "挂图", for_roles=IN_OFFICE, words=("挂图作战", "看图", "图表"), menu=8)
async def wall_chart(chat: Chat) -> None:
    """Args: a chart (the heat map without one), for "gantt" the problem's number or id, and "a3" for the large sheet.

    The picture is the answer: it comes in a moment, as soon as it is drawn.
    """
    said = chat.args.split()
    wall = said[-1:] == [WALL]
    named, *rest = (said[:-1] if wall else said) or [Chart.HEAT.value]
    chart = next((one for one in Chart if one.value == named), None)
    orders, person = chat.store.chart_orders, chat.person
    if chart is Chart.GANTT and len(rest) == 1:
        problem = await own_problem(chat, rest[0])
        if problem is not None:
            orders.add(person.id, chat.address, chart=chart.value, wall=wall, problem_id=problem.id)
            return
    elif chart is not None and not rest and reach_for(person, chart, chat.world.plan):
        orders.add(person.id, chat.address, chart=chart.value, wall=wall, problem_id=None)
        return
    chat.refuse()
