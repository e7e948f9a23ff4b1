"""The inbox: its folders become batches, and are looked at again for as long as they are batches."""
