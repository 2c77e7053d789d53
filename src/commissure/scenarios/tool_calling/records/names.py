"""Words that documents are made of: names are made up, so that no model knows them by heart."""

BRANDS = (
    "Acrona", "Albeno", "Anvora", "Balto", "Belmira", "Borvik", "Calente", "Corvane", "Dalmor", "Delvora", "Dunmere",
    "Elowyn", "Evaro", "Fenwick", "Galdur", "Harlo", "Hexley", "Ilmari", "Jorva", "Kaldor", "Keswin", "Lanthe",
    "Lorvan", "Maretti", "Mistral", "Morvo", "Nalder", "Nordal", "Nuvela", "Ombrin", "Orsini", "Ortavo", "Pelham",
    "Pirelo", "Quillon", "Ravello", "Renvik", "Rosmer", "Salvane", "Selkie", "Sorrel", "Sundby", "Talvik", "Tamsin",
    "Torvane", "Ulvik", "Valmora", "Vanterra", "Velano", "Verrin", "Wexford", "Wolmar", "Yarrow", "Zelmar", "Zenvo",
)  # fmt: skip

THINGS = (
    "backpack", "bicycle helmet", "blender", "bookshelf", "camera", "camping stove", "coffee grinder", "cordless drill",
    "desk lamp", "dinner table", "duvet", "fan heater", "floor lamp", "frying pan", "garden hose", "guitar",
    "hair dryer", "keyboard", "ladder", "lawn mower", "microscope", "mirror", "monitor", "picnic basket", "printer",
    "radio", "rain jacket", "rice cooker", "sewing machine", "sleeping bag", "sofa", "steam iron", "suitcase",
    "telescope", "tent", "toaster", "tool box", "travel mug", "vacuum cleaner", "wall clock", "wardrobe",
    "water filter", "wool blanket",
)  # fmt: skip

SUPPLIES = (
    "apple juice", "bath towels", "bin bags", "black tea", "bread rolls", "candles", "canned beans", "coffee beans",
    "copper wire", "copy paper", "cotton gloves", "dish soap", "door handles", "dried figs", "file folders",
    "garden soil", "glass jars", "green paint", "hand cream", "hex bolts", "honey", "ink cartridges", "jam jars",
    "light bulbs", "masking tape", "mineral water", "napkins", "oat milk", "olive oil", "paper cups", "pencils",
    "pine boards", "plant pots", "rice crackers", "roof tiles", "rubber seals", "sea salt", "sponges", "steel hinges",
    "sugar", "tea lights", "tomato sauce", "white vinegar", "wood glue", "wood screws", "writing pads",
)  # fmt: skip

FIRST_NAMES = (
    "Ada", "Alma", "Amir", "Anja", "Aron", "Bela", "Bruno", "Carla", "Cedric", "Clara", "Dana", "Dario", "Edith",
    "Elif", "Emil", "Esra", "Farid", "Fiona", "Greta", "Hanna", "Hugo", "Ines", "Ivan", "Jana", "Jonas", "Karim",
    "Kira", "Lars", "Lea", "Lena", "Leo", "Lina", "Luca", "Maja", "Marta", "Milan", "Mira", "Nadia", "Nils", "Nora",
    "Olga", "Omar", "Oskar", "Paula", "Pavel", "Petra", "Rana", "Rosa", "Ruben", "Sami", "Selma", "Sofia", "Sven",
    "Tara", "Theo", "Tilda", "Udo", "Vera", "Viktor", "Yara", "Zoe",
)  # fmt: skip

LAST_NAMES = (
    "Abel", "Albrecht", "Arslan", "Bakker", "Barros", "Berger", "Bianchi", "Bodin", "Brandt", "Castro", "Costa",
    "Danner", "Demir", "Dorn", "Ebner", "Eklund", "Falk", "Ferrari", "Fischer", "Forsberg", "Garcia", "Girard", "Grau",
    "Haas", "Hansen", "Holm", "Ibsen", "Jansen", "Kaya", "Keller", "Kovac", "Kranz", "Lang", "Lindgren", "Lorenz",
    "Marek", "Meyer", "Moreau", "Nagy", "Navarro", "Novak", "Okafor", "Olsen", "Pereira", "Petrov", "Quist", "Ramos",
    "Reiter", "Rossi", "Sander", "Sato", "Silva", "Sommer", "Stein", "Tanaka", "Ulrich", "Varga", "Vogel", "Weber",
    "Winkler", "Yilmaz", "Zeller",
)  # fmt: skip

COMPANIES = (
    "Almera", "Arkadia", "Baltis", "Bergmann", "Brightwell", "Calder", "Castellan", "Clearwater", "Corvin", "Dahlberg",
    "Eastgate", "Everton", "Fairmont", "Falkner", "Granville", "Greenfield", "Halden", "Hartwell", "Ironbridge",
    "Kestrel", "Kingsley", "Larkspur", "Linden", "Lowell", "Marlowe", "Meridian", "Milbrook", "Norwick", "Oakridge",
    "Overton", "Palmer", "Pinecrest", "Quayside", "Redfern", "Ridgeway", "Rowan", "Sandford", "Silverton", "Stanmore",
    "Sterling", "Thornton", "Tideway", "Underhill", "Vantage", "Westbrook", "Whitmore", "Windham", "Woodvale",
)  # fmt: skip

COMPANY_KINDS = (
    "Bakery", "Books", "Cleaning", "Design", "Electric", "Foods", "Freight", "Glass", "Hardware", "Logistics", "Motors",
    "Office Supplies", "Paper", "Plumbing", "Printing", "Roofing", "Software", "Textiles", "Timber", "Tools",
)  # fmt: skip

PLACES = (
    "Aldermoor", "Ansfeld", "Belcastro", "Brenwick", "Carvale", "Corbury", "Dunhaven", "Eskdorf", "Fenmouth", "Glenora",
    "Harrowby", "Ilverton", "Karsund", "Lindmark", "Lowmere", "Marvik", "Norhaven", "Ostvale", "Penrose", "Quenby",
    "Ravensholm", "Saltmere", "Tornby", "Ulverby", "Valdorf", "Westmere",
)  # fmt: skip

MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
