"""Sentences of which fictional chapters are written. All of them are made up; none is advice."""

from __future__ import annotations

BODY = (
    "The wall of the canal thickens first at its lower third, where the pressure is highest at rest.",
    "Most patients notice nothing for years, and many are found when another organ is examined.",
    "Pain that wakes the patient at night is uncommon and should lead to another look at the films.",
    "The marrow beside the plate takes up contrast early and gives it back late.",
    "Surgeons of the last century believed the coat to be inert, a view that sections soon refuted.",
    "A difference of less than two millimetres between sides is of no consequence.",
    "Where the inner coat has been lost, fluid fills the affected flap and acts as an efficient brake.",
    "Follow-up at six and at twelve months is enough for those whose first examination was normal.",
    "The artery crosses in front of the nerve in nine of ten specimens and behind it in the remainder.",
    "Children are examined with half the dose and a smaller field.",
    "An effusion of more than 40 ml shifts the flat border upwards and is first seen from the side.",
    "It has been argued that the finding reflects ageing rather than disease.",
    "The specimen is fixed in formalin for a day, cut at 4 µm and stained.",
    "Sensitivity rose from 61% to 78% when a second reader was added, at the cost of specificity.",
    "Recovery is slow: the conduit stiffens, the reflexes differ, and efficient walking takes weeks.",
    "No trial has compared the two approaches in patients above the age of 80.",
)
MENTIONS = (
    "The usual course is shown in {ref}, and deviations from it are rare.",
    "{ref} shows how far the process may reach before it is recognised. It should be compared with the "
    "normal state, which differs in little but the border.",
    "Several authors describe the same border (see {ref}); in our own series it was present in two thirds.",
    "As {ref} makes clear, the distance to the plate decides.",
    "The late stage is quite another matter ({ref}).",
)
TITLES = (
    "Border and Flap",
    "What the Films Show",
    "Sections and Stains",
    "Course without Treatment",
    "Measuring the Plate",
    "Choosing an Approach",
    "Complications",
    "The Long View",
)
CHAPTERS = ("The Lenar Canal", "Marrow of the Plate", "Disorders of the Inner Coat", "The Ageing Conduit")
CAPTIONS = {
    "radiograph": (
        "Frontal radiograph of {who} {when}. The border of {where} is sharp, the fields are clear. {tail}",
        "Radiograph of {where}, {when}.",
        "{who}, seen {when}: a faint line (arrow in the text) crosses {where}; it was missed twice and "
        "found by the third reader. {tail} No effusion is seen.",
        "Lateral view, {where}. {tail}",
    ),
    "slice": (
        "Axial slice through {where} with contrast, {when}.",
        "Coronal slice of {who}. Bright rings are folds of {where}; the round dark area is a cyst. {tail}",
        "Slice at the level of {where}, T2-weighted, 3 mm thick; window 400/40. {tail}",
        "{who}, {when}. {tail}",
    ),
    "stained": (
        "Section of {where}, haematoxylin and eosin, 40x. Nuclei are crowded at the edge. {tail}",
        "Biopsy of {where} of {who}.",
        "{where} {when} (trichrome, 100x). The stroma is loose, vessels are few, and the lining has been "
        "lost over most of the specimen. {tail}",
    ),
    "photograph": (
        "Marks over {where}, {when}. {tail}",
        "{who} {when}: the marks have faded and {where} is flat.",
        "Specimen of {where} as received; the cut surface is pale. {tail}",
    ),
}
# Of bars, a scheme, curves and a flow diagram.
DRAWN = (
    "Patients with disease of {where} by age, per 1,000 of {who}'s district. {tail}",
    "Scheme of {where} and its neighbours, not to scale. {tail}",
    "Share of patients without a relapse in {where}, counted from {when}. {tail}",
    "Course of the cohort {when}; one of them, {who}, was counted twice. {tail}",
)
WHO = (
    "a fictional adult",
    "a farmer of 61 years",
    "a girl of nine",
    "the second twin",
    "a retired diver",
    "a nurse on night duty",
    "the oldest patient of the register",
    "a runner with a swollen knee",
)
WHERE = (
    "the lenar canal",
    "the marrow plate",
    "the inner coat",
    "the left conduit",
    "the upper valve",
    "the crypt behind the artery",
    "the third fold",
    "the outer coat near its stem",
    "the border flap",
)
WHEN = (
    "at rest",
    "three weeks after the fall",
    "on the second day",
    "before the operation",
    "half a year later",
    "under load",
    "after eight months of treatment",
)
TAIL = (
    "",
    "",
    "Reproduced with the permission of nobody.",
    "The scale bar stands for 50 µm.",
    "Compare the opposite side, which was never examined.",
    "Three readers agreed and a fourth did not.",
    "Values in brackets are ranges.",
)
PARTS = (
    "at rest",
    "under load, seen from the front",
    "six months later",
    "after the inner coat was removed",
    "in a healthy volunteer of the same age",
    "at twice the magnification",
)
TABLE = (
    ("Stage", "Width (mm)", "Patients"),
    ("Early", "2 to 4", "118"),
    ("Middle", "5 to 9", "64"),
    ("Late", "10 and more", "23"),
    ("Unknown", "not measured", "9"),
)

HEBREW = (
    "הדופן מתעבה תחילה בשליש התחתון, במקום שבו הלחץ הוא הגבוה ביותר.",
    "רוב החולים אינם מרגישים דבר במשך שנים רבות.",
    "כאב המעיר את החולה בלילה הוא נדיר ומחייב בדיקה נוספת.",
    "המעקב נמשך שנה אחת, ולאחר מכן אין צורך בבדיקות נוספות.",
    "העורק עובר לפני העצב ברוב המקרים ומאחוריו במיעוטם.",
    "ילדים נבדקים במחצית המנה ובשדה קטן יותר.",
)
HEBREW_MENTION = "המהלך הרגיל מוצג ב{ref}, וסטיות ממנו נדירות."
HEBREW_CAPTIONS = (
    "צילום חזיתי של מבוגר במנוחה. הגבול התחתון חד והשדות צלולים.",
    "חתך של המעטפת החיצונית לאחר צביעה. הגרעינים צפופים ליד הגבול.",
    "אותו אזור לאחר ארבעה שבועות של טיפול.",
)
ARABIC = (
    "يزداد سمك الجدار أولا في الثلث السفلي حيث يكون الضغط أعلى.",
    "لا يلاحظ معظم المرضى شيئا لسنوات عديدة.",
    "الألم الذي يوقظ المريض ليلا نادر ويستدعي فحصا جديدا.",
    "تستمر المتابعة سنة واحدة ثم تنتهي الحاجة إلى فحوص جديدة.",
    "يمر الشريان أمام العصب في معظم الحالات وخلفه في بعضها.",
)
ARABIC_MENTION = "يظهر المسار المعتاد في {ref} وهو نادر التغير."
ARABIC_CAPTIONS = (
    "صورة شعاعية لشخص بالغ في وضع الراحة. الحد السفلي واضح.",
    "مقطع من الغشاء الخارجي بعد الصبغ. تتجمع النوى قرب الحد.",
    "المنطقة نفسها بعد شهر من العلاج.",
)
CHINESE = (
    "管壁首先在下三分之一处增厚，因为那里静息时压力最高。",
    "大多数患者多年没有任何感觉，许多病例是在检查其他器官时发现的。",
    "夜间痛醒并不常见，一旦出现应当重新阅片。",
    "动脉在十分之九的标本中位于神经之前，其余位于神经之后。",
    "第一次检查正常者，六个月和十二个月复查即可。",
    "儿童检查使用一半剂量和较小的照射野。",
)
CHINESE_MENTION = "典型过程见{ref}，偏离者少见。"
CHINESE_CAPTIONS = (
    "成人静息时的正位片。下缘清晰，双侧透亮度正常。",
    "外膜切片，苏木精和伊红染色，放大四十倍。细胞核在边缘处密集。",
    "治疗四周后的同一部位。",
)
JAPANESE = (
    "壁は安静時に圧力が最も高い下三分の一で最初に厚くなる。",
    "多くの患者は何年も症状に気づかず、他の臓器の検査で見つかる。",
    "夜間に目が覚めるほどの痛みはまれであり、画像を見直すべきである。",
    "動脈は標本の九割で神経の前を通り、残りでは後ろを通る。",
    "小児では線量を半分にし、照射野を小さくする。",
)
JAPANESE_MENTION = "典型的な経過を{ref}に示す。例外はまれである。"
JAPANESE_CAPTIONS = (
    "安静時の成人の正面像。下縁は明瞭で、両側の透過性は正常である。",
    "外膜の切片、四十倍。核は辺縁に密集している。",
    "治療四週後の同じ部位。",
)
