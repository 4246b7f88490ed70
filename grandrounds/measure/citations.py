"""Where the formulas, definitions and thresholds are from."""

from __future__ import annotations

DEFINITION = "definition"
NIFTI = "NIfTI-1 standard: world coordinates from voxel indices by the affine"
IBSI = "Image Biomarker Standardisation Initiative (Zwanenburg et al., Radiology 2020;295:328)"
RECIST = "RECIST 1.1 (Eisenhauer et al., Eur J Cancer 2009;45:228)"
GENANT = "Genant et al., J Bone Miner Res 1993;8:1137 (semiquantitative grading)"
MORPHOMETRY = "six-point vertebral morphometry (Eastell et al., J Bone Miner Res 1991;6:207)"
COBB = "Cobb, Instr Course Lect 1948;5:261"
SRS = "Scoliosis Research Society: 10 degrees by Cobb's method"
CENTROID_ANGLE = "centroid method (Hong et al., Spine 2011, doi 10.1097/BRS.0b013e3181fde346)"
MEYERDING = "Meyerding, Surg Gynecol Obstet 1932;54:371; percentage after Taillard 1954"
VERBIEST = "Verbiest 1977: sagittal canal diameter below 10 mm absolute, up to 12 mm relative stenosis"
DANZER = "Danzer, Am J Med Sci 1919;157:513 (cardiothoracic ratio)"
MEDIASTINUM = "80 mm or more on a supine frontal radiograph (compared in J Trauma 2004;57:88)"
TRABECULAR = "Pickhardt et al., Ann Intern Med 2013;158:588 (L1 attenuation on routine CT)"
AORTA = "abdominal aorta of 30 mm or more (Chaikof et al., J Vasc Surg 2018;67:2)"
