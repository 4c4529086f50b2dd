"""The embedded index beside exact numpy and faiss, on the same synthetic titles in one run.

    python -m benchmarks.index                      100,000 titles
    python -m benchmarks.index --sizes 10000 50000 100000 300000

Three dense vectors per title (text 384, picture 512, thumbnail 512 = a noisy picture), sparse
terms, and ten filter fields.  Vectors are clustered (1,200 Zipf clusters in 40 super-clusters),
low-rank (48) and anisotropic, as encoders' are; queries are held out; the first genre follows the
super-cluster.  Times are taken one query at a time; recall@10 is against exact numpy.  At one size
another process builds a second index while this one is asked, and the alias moves to it.
"""
