"""What is said in the videos that are not matches: sentences of the speech bank, by kind of video.

The wording is part of the tests' ground: the vlog tells of the speaker, the how-to of what is seen, the chant repeats itself,
the rush is read too fast and the counting too slowly for the speed filter, the visit is German.
"""

VLOG: tuple[str, ...] = (
    "Hello everybody and welcome back to my channel.",
    "I have been thinking about this for a long time.",
    "Last summer I moved to a small town near the sea.",
    "At first I did not know anybody there.",
    "Then my sister called me and we talked all night.",
    "I felt so much better after that evening.",
    "So today I want to tell you what I learned.",
    "Please write to me if you feel the same.",
    "I read every single message that you send.",
    "Thank you for listening and see you next week.",
)

HOWTO: tuple[str, ...] = (
    "Today we are going to paint an old wooden box.",
    "First we clean the surface with a dry cloth.",
    "Now we open the paint and stir it slowly.",
    "The brush goes from the left side to the right side.",
    "Do not press too hard or the paint will run.",
    "Here you can see how the wood changes its colour.",
    "We wait ten minutes until the first coat is dry.",
    "Then we add another thin coat on top.",
    "Finally we polish the corners with soft paper.",
    "And that is how an old box looks new again.",
)

#: One line, said again and again.
CHANT = "Come on team we are going to win this big game tonight."

#: Recorded at little more than half the usual length.
RUSH: tuple[str, ...] = (
    "Ladies and gentlemen what a wonderful afternoon we have here at the stadium today.",
    "The sun is shining and the people are singing and nobody wants to sit down any more.",
    "Both teams have been training for many weeks and now they are ready to show what they can do.",
    "The captain looks at the clock and the coach looks at the captain and everybody is waiting.",
    "It is hard to say who will win because both of them have won five times this year.",
    "My friends at home are watching this on a very small screen and I promise to tell them everything.",
    "There are flags and drums and children with ice cream and an old man with a golden trumpet.",
    "In a few moments we shall hear the whistle and then there will be no more time to think.",
)

#: Said one by one with long breaths between.
COUNTING: tuple[str, ...] = (
    "Slowly",
    "water",
    "mountain",
    "morning",
    "silence",
    "winter",
    "garden",
    "river",
    "summer",
    "window",
    "candle",
    "forest",
    "paper",
    "island",
    "valley",
    "evening",
    "yellow",
    "harbour",
    "thunder",
    "ocean",
)

GERMAN: tuple[str, ...] = (
    "Guten Tag und herzlich willkommen in unserer kleinen Stadt.",
    "Heute besuchen wir gemeinsam den alten Markt am Fluss.",
    "Hier verkaufen die Bauern jeden Morgen frisches Brot und Käse.",
    "Die Kirche wurde vor mehr als dreihundert Jahren gebaut.",
    "Später fahren wir mit dem Schiff bis zur großen Brücke.",
    "Das Wetter ist schön und die Kinder spielen auf der Wiese.",
    "Am Abend essen wir zusammen in einem gemütlichen Gasthaus.",
    "Danach gehen wir langsam durch den Wald nach Hause.",
)
